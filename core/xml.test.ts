import assert from 'node:assert/strict';
import {
  attributeOf,
  childElements,
  childNamed,
  parseXml,
  readXml,
  textOf,
  usualXmlLimits,
  xmlAttribute,
  xmlElement,
  xmlnsUri,
  XmlFault,
  type XmlElement,
  type XmlFaultKind,
} from './xml.ts';
import { isXmlName, writeXml, xmlSafe } from './xml-write.ts';

const parse = (text: string | Buffer, charset?: string) =>
  parseXml(text, usualXmlLimits, { charset });
const kindOf = (act: () => unknown): XmlFaultKind | undefined => {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof XmlFault, String(error));
    return error.kind;
  }
  return undefined;
};
const refused = (text: string | Buffer, charset?: string) => kindOf(() => parse(text, charset));

const envelope = `<?xml version="1.0" encoding="UTF-8"?>
<SOAP:Envelope xmlns:SOAP="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:hl7-org:v3">
  <SOAP:Body SOAP:mustUnderstand="1"><id root="1.2.3"/>a &lt;b&gt;<![CDATA[ <c> ]]>&#x26;<!-- not told -->&amp;</SOAP:Body>
</SOAP:Envelope>`;

describe('XML', () => {
  it('is read into names, namespaces, attributes and texts', () => {
    const root = parse(envelope);
    assert.equal(root.name, 'Envelope');
    assert.equal(root.prefix, 'SOAP');
    assert.equal(root.uri, 'http://schemas.xmlsoap.org/soap/envelope/');
    const body = childNamed(root, 'Body', root.uri);
    assert.ok(body);
    assert.equal(attributeOf(body, 'mustUnderstand', root.uri), '1');
    assert.equal(attributeOf(body, 'mustUnderstand'), undefined);
    const [id] = childElements(body);
    assert.ok(id);
    assert.equal(id.uri, 'urn:hl7-org:v3');
    assert.equal(attributeOf(id, 'root'), '1.2.3');
    assert.equal(textOf(body), 'a <b> <c> &&');
    assert.equal(body.children.length, 2, 'texts around a comment and a CDATA section are one');
    assert.equal(childNamed(root, 'Body', 'urn:hl7-org:v3'), undefined);
  });

  it('comes out again as the same tree', () => {
    const tricky = `<a xmlns="u" xmlns:p="v" t="&#9;&#10;&#13; &quot;&lt;'" p:b="1">\n&#13;]]&gt; é 😀<p:c xmlns:p="w" p:x=""/><d xmlns=""/></a>`;
    for (const text of [envelope, tricky]) {
      const tree = parse(text);
      assert.deepEqual(parse(writeXml(tree, { declaration: true })), tree);
    }
  });

  it('is read the same in slices as at once', async () => {
    const text = `<r>${'<a b="😀">x\r\né&amp;]]&gt;😀</a>'.repeat(6000)}</r>`;
    assert.ok(text.length > 130_000);
    assert.deepEqual(await readXml(Buffer.from(text), usualXmlLimits), parse(text));
  });

  it('lets others have their turn while a long document is read', async () => {
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    await readXml(`<r>${'&amp;'.repeat(190_000)}</r>`, usualXmlLimits);
    clearInterval(count);
    assert.ok(turns >= 3, `${turns} turns`);
  });

  it('is refused when it is not well formed', () => {
    for (const text of [
      '',
      'x',
      '{}',
      '<a>',
      '<a></b>',
      '<a/><b/>',
      '<a/>x',
      'x<a/>',
      '<a b="1" b="2"/>',
      '<a b=1/>',
      '<a b="<"/>',
      '<a>]]></a>',
      '<a>&#0;</a>',
      '<a>&#xD800;</a>',
      '<a>\u0001</a>',
      '<a><!-- -- --></a>',
      '<a>&amp</a>',
      '<xmlns:a/>',
      ' <?xml version="1.0"?><a/>',
      '<a xmlns:p="u" xmlns:q="u" p:b="" q:b=""/>',
    ])
      assert.ok(refused(text), text);
    assert.equal(refused('<a><p:b/></a>'), 'namespace');
    assert.equal(refused('<a p:b=""/>'), 'namespace');
    assert.equal(refused('<?xml version="1.1"?><a/>'), 'version');
  });

  it('expands nothing and names no file', () => {
    for (const text of [
      '<!DOCTYPE a><a/>',
      '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
      '<?xml version="1.0"?><!-- x --><?p?>\n<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
      `<!DOCTYPE a [${'<!ENTITY b "c">'.repeat(50_000)}`,
    ])
      assert.equal(refused(text), 'doctype', text.slice(0, 60));
    assert.equal(refused('<a>&b;</a>'), 'entity');
    assert.equal(refused('<a b="&nbsp;"/>'), 'entity');
    assert.equal(textOf(parse('<a><![CDATA[<!DOCTYPE a>]]></a>')), '<!DOCTYPE a>');
  });

  it('is refused beyond each limit, and taken at it', () => {
    const limits = { size: 200, depth: 3, nodes: 5, attributes: 2, value: 4 };
    const cases: [string, string, XmlFaultKind][] = [
      [`<a>${'x'.repeat(193)}</a>`, `<a>${'x'.repeat(194)}</a>`, 'size'],
      ['<a><b><c/></b></a>', '<a><b><c><d/></c></b></a>', 'depth'],
      ['<a b="" c=""><d/><d/></a>', '<a b="" c=""><d/><d/><d/></a>', 'nodes'],
      ['<a b="" c=""/>', '<a b="" c="" d=""/>', 'attributes'],
      ['<a b="1234"/>', '<a b="12345"/>', 'value'],
    ];
    for (const [sound, beyond, kind] of cases) {
      assert.equal(
        kindOf(() => parseXml(sound, limits)),
        undefined,
        kind,
      );
      assert.equal(
        kindOf(() => parseXml(beyond, limits)),
        kind,
      );
    }
  });

  it('is read without the content of elements that are only passed on, which counts for no node', async () => {
    const limits = { size: 500, depth: 4, nodes: 6, attributes: 2, value: 4 };
    const skipped = '<s a="1">x<s><b c="2"/></s><![CDATA[y]]></s>';
    const text = `<r>${skipped}<t>z</t>${skipped}</r>`;
    const without = ['s'];
    const root = parseXml(text, limits, { without });
    assert.equal(writeXml(root), '<r><s a="1"/><t>z</t><s a="1"/></r>');
    assert.deepEqual(await readXml(text, limits, { without }), root);
    assert.equal(
      kindOf(() => parseXml(text, limits)),
      'nodes',
    );
    for (const [broken, kind] of [
      ['<r><s><s><a><b/></a></s></s></r>', 'depth'],
      ['<r><s><b a="12345"/></s></r>', 'value'],
      ['<r><s><b></s></r>', 'syntax'],
      ['<r><s><n:b/></s></r>', 'namespace'],
      ['<r><s/><a/><a/><a/><a/><a/></r>', 'nodes'],
    ] as const)
      assert.equal(
        kindOf(() => parseXml(broken, limits, { without })),
        kind,
      );
  });

  it('is read in the encoding of its mark, its media type or its declaration, in this order', () => {
    const declared = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?><a>é</a>`;
    const latin = Buffer.from(declared('ISO-8859-1'), 'latin1');
    const wide = Buffer.from(`\uFEFF${declared('UTF-16')}`, 'utf16le');
    assert.equal(textOf(parse(latin)), 'é');
    assert.equal(textOf(parse(wide)), 'é');
    assert.equal(textOf(parse(Buffer.from(wide).swap16())), 'é');
    assert.equal(textOf(parse(Buffer.from(`\uFEFF${declared('utf-8')}`), 'iso-8859-1')), 'é');
    assert.equal(textOf(parse(Buffer.from(declared('us-ascii')), 'UTF-8')), 'é');
    assert.equal(refused(latin, 'utf-8'), 'encoding');
    assert.equal(refused(Buffer.from(declared('us-ascii'))), 'encoding');
    assert.equal(refused(Buffer.from(declared('ebcdic-cp-gb'))), 'encoding');
    assert.equal(refused(Buffer.from('<a/>'), 'constructor'), 'encoding');
    assert.equal(refused(Buffer.from([0x3c, 0x61, 0xff, 0x2f, 0x3e])), 'encoding');
    assert.equal(refused(wide.subarray(0, wide.length - 1)), 'encoding');
    assert.equal(refused('<a>\uD83D</a>'), 'encoding');
  });

  it('says where it was refused, and quotes nothing', () => {
    assert.throws(
      () => parse('<a>\n<secret-name></b></a>'),
      (error: XmlFault) => error.line === 2 && !`${error.message}${error.stack}`.includes('secret'),
    );
  });
});

describe('an XML tree that was put together', () => {
  const uri = 'urn:hl7-org:v3';

  it('gets the declarations it lacks, once', () => {
    const inner = xmlElement('id', [], {
      uri,
      prefix: 'hl7',
      attributes: [xmlAttribute('x', '1', 'hl7', uri)],
    });
    const root = xmlElement(
      'Body',
      [inner, xmlElement('none', [xmlElement('back', [], { uri })])],
      { uri },
    );
    assert.equal(
      writeXml(root),
      '<Body xmlns="urn:hl7-org:v3"><hl7:id xmlns:hl7="urn:hl7-org:v3" hl7:x="1"/>' +
        '<none xmlns=""><back xmlns="urn:hl7-org:v3"/></none></Body>',
    );
  });

  it('lets a part of one document stand alone', () => {
    const body = childNamed(parse(envelope), 'Body');
    assert.ok(body);
    const alone = parse(writeXml(body));
    assert.equal(alone.uri, 'http://schemas.xmlsoap.org/soap/envelope/');
    assert.equal(childElements(alone)[0]?.uri, uri);
  });

  it('writes xml:lang without a declaration', () => {
    const lang = xmlAttribute('lang', 'en', 'xml', 'http://www.w3.org/XML/1998/namespace');
    assert.equal(writeXml(xmlElement('a', [], { attributes: [lang] })), '<a xml:lang="en"/>');
  });

  it('is refused when XML cannot hold it', () => {
    const fault = (element: XmlElement) => kindOf(() => writeXml(element));
    for (const name of ['', '1a', 'a b', 'a:b', 'a>', '-a', 'a\n', 'é×', 'a'.repeat(1001)])
      assert.equal(fault(xmlElement(name)), 'name', name.slice(0, 10));
    assert.equal(fault(xmlElement('a', ['\0'])), 'text');
    assert.equal(fault(xmlElement('a', ['\uD800'])), 'text');
    assert.equal(fault(xmlElement('a', [], { attributes: [xmlAttribute('b', '\uFFFE')] })), 'text');
    assert.equal(fault(xmlElement('a', [], { prefix: 'p' })), 'namespace');
    assert.equal(
      fault(xmlElement('a', [], { attributes: [xmlAttribute('b', '', '', uri)] })),
      'namespace',
    );
    const declaring = (name: string, value: string) =>
      fault(xmlElement('a', [], { attributes: [xmlAttribute(name, value, 'xmlns', xmlnsUri)] }));
    assert.equal(declaring('p', ''), 'namespace');
    assert.equal(declaring('xml', uri), 'namespace');
    assert.equal(declaring('xmlns', uri), 'namespace');
    assert.equal(declaring('p', uri), undefined);
    const twice = [xmlAttribute('b', '', 'p', 'one'), xmlAttribute('c', '', 'p', 'two')];
    assert.equal(fault(xmlElement('a', [], { attributes: twice })), 'namespace');
  });

  it('knows names, and can make any text fit', () => {
    assert.ok(['a', '_', 'é', 'Ünïcode-1.2', '名前'].every(isXmlName));
    assert.equal(xmlSafe('a\0b\uD800c\u001Bd\n😀'), 'a?b?c?d\n😀');
  });
});
