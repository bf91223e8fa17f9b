/**
 * The published JavaScript client of MESH against a server: prints one line for each thing that went as it should.
 * Arguments: the folder it is installed in, the address, then where they are needed a client certificate and its key.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder = '', url = '', cert, key] = process.argv.slice(2);
const entry = join(folder, 'node_modules', 'nhs-mesh-client', 'index.js');
const mesh = await import(pathToFileURL(entry).href);

const pem = (file) => (file === undefined ? undefined : readFileSync(file));
const config = await mesh.loadConfig({
  ...{ logLevel: 'SILENT', url, sandbox: cert === undefined ? 'true' : 'false' },
  ...{ senderCert: pem(cert), senderKey: pem(key), receiverCert: pem(cert), receiverKey: pem(key) },
});
const { sharedKey, senderAgent, receiverAgent } = config;
const own = { url, sharedKey, mailboxPassword: 'password' };
const alice = { ...own, mailboxID: 'ALICE', agent: senderAgent };
const bob = { ...own, mailboxID: 'BOB', agent: receiverAgent };
const done = (what) => console.log(what);

for (const one of [alice, bob]) assert.equal((await mesh.handShake(one)).status, 200);
done('handshake');

for (const message of (await mesh.getMessageCount(bob)).data.messages)
  await mesh.markAsRead({ ...bob, message });
const flow = { mailboxTarget: 'BOB', workFlowId: 'RESTRICTED_WORKFLOW' };
const sent = await mesh.sendMessage({ ...alice, ...flow, message: 'Hello Bob', fileName: 'a.txt' });
assert.equal(sent.status, 202);
const id = sent.data.message_id;
assert.deepEqual((await mesh.getMessageCount(bob)).data.messages, [id]);
const read = await mesh.readMessage({ ...bob, messageID: id });
assert.deepEqual([read.status, read.data], [200, 'Hello Bob']);
assert.equal(read.headers['mex-filename'], 'a.txt');
assert.equal((await mesh.markAsRead({ ...bob, message: id })).status, 200);
assert.deepEqual((await mesh.getMessageCount(bob)).data.messages, []);
done('send, read and mark as read');

const packed = await mesh.sendMessage({ ...alice, ...flow, message: { a: 1 }, compressed: true });
const unpacked = await mesh.readMessage({ ...bob, messageID: packed.data.message_id });
assert.equal(JSON.stringify(unpacked.data), '{"a":1}');
await mesh.markAsRead({ ...bob, message: packed.data.message_id });
done('a compressed message');

// Its chunks have 10 MiB, and it says API-DOCS-TEST for all of them.
const line = 'one line of a long file that a client sends in chunks\n';
const fileContent = Buffer.from(line.repeat(Math.ceil((21 * 1024 * 1024) / line.length)));
const chunked = await mesh.sendChunkedMessage({ ...alice, mailboxTarget: 'BOB', fileContent });
assert.equal(chunked.status, 202);
const [long] = (await mesh.getMessageCount(bob)).data.messages;
const whole = await mesh.readMessage({ ...bob, messageID: long });
assert.equal(whole.status, 206);
assert.equal(whole.data, fileContent.toString());
await mesh.markAsRead({ ...bob, message: long });
done('chunks');
