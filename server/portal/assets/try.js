/*
 * Makes the console of Try it answer while one types. It sends the form that the page has anyway, and takes parts out of the
 * answer: request, messages, choices, response. It keeps nothing, and knows neither keys nor tokens.
 */
(() => {
  'use strict';
  const form = document.querySelector('main form');
  const live = document.getElementById('try-live');
  if (!form || !live) return;
  const touched = new Set();
  let newest = 0;
  let timer;
  let sending = false;

  const tell = (text) => {
    live.textContent = text;
  };

  /** The page for the form as it stands; undefined when a newer one was asked for meanwhile. */
  const ask = async (press, always) => {
    const fields = new URLSearchParams(new FormData(form));
    if (press) fields.set(press, 'yes');
    const turn = ++newest;
    const response = await fetch(location.pathname, {
      method: 'POST',
      body: fields,
      headers: { accept: 'text/html' },
      credentials: 'same-origin',
    });
    // A sign-in, of the hub or of a person at a provider: the form itself goes there.
    if (response.redirected) return 'elsewhere';
    const type = response.headers.get('content-type') || '';
    if (!type.startsWith('text/html')) return undefined;
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    return always || turn === newest ? page : undefined;
  };

  /** Takes a part of the page over, and leaves the focus where it was. */
  const take = (page, id) => {
    const [here, there] = [document.getElementById(id), page.getElementById(id)];
    if (!here || !there) return;
    const focused = document.activeElement && document.activeElement.id;
    const part = document.importNode(there, true);
    here.replaceWith(part);
    const again = focused && part.querySelector(`#${CSS.escape(focused)}`);
    if (again) again.focus();
    equip(part);
  };

  /** The message of one field, as the page has it. */
  const message = (page, field) => {
    const [here, there] = [document.getElementById(field), page.getElementById(field)];
    const [group, other] = [here, there].map((one) => one && one.closest('.nhsuk-form-group'));
    if (!group || !other) return;
    group.className = other.className;
    here.className = there.className;
    const told = there.getAttribute('aria-describedby');
    if (told === null) here.removeAttribute('aria-describedby');
    else here.setAttribute('aria-describedby', told);
    const [before, after] = [group, other].map((one) => one.querySelector('.nhsuk-error-message'));
    if (before) before.remove();
    if (after) here.before(document.importNode(after, true));
  };

  const preview = async () => {
    try {
      const page = await ask('preview');
      if (!page || page === 'elsewhere') return;
      take(page, 'try-request');
      for (const field of touched) message(page, field);
    } catch {
      // The next change tries again; sending works without it.
    }
  };

  /** A copy button beside each part that can be copied. */
  const equip = (part) => {
    for (const block of part.querySelectorAll('[data-copy]')) {
      if (block.dataset.equipped) continue;
      block.dataset.equipped = 'yes';
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'hub-link hub-copy';
      button.textContent = `Copy ${block.getAttribute('aria-label').toLowerCase()}`;
      button.addEventListener('click', async () => {
        try {
          await navigator.clipboard.writeText(block.textContent);
          tell('Copied');
        } catch {
          getSelection().selectAllChildren(block);
          tell('Selected: copy it with your keyboard');
        }
      });
      block.after(button);
    }
  };

  form.addEventListener('input', ({ target }) => {
    if (!target.id || target.closest('#try-choices')) return;
    touched.add(target.id);
    clearTimeout(timer);
    timer = setTimeout(preview, 400);
  });

  form.addEventListener('change', async ({ target }) => {
    if (!target.closest('#try-choices')) return;
    try {
      const page = await ask('choose');
      if (!page || page === 'elsewhere') return;
      take(page, 'try-choices');
      take(page, 'try-request');
    } catch {
      // The button beside it does the same.
    }
  });

  form.addEventListener('submit', async (event) => {
    const name = event.submitter && event.submitter.name;
    if (name) return; // the other buttons lead to the page itself
    event.preventDefault();
    if (sending) return; // a double click is one call
    sending = true;
    clearTimeout(timer);
    tell('Sending');
    try {
      const page = await ask('', true);
      if (page === undefined) throw new Error('no page');
      if (page === 'elsewhere' || page.querySelector('.nhsuk-error-summary')) {
        tell('');
        form.submit();
        return;
      }
      take(page, 'try-answer');
      take(page, 'try-request');
      const heading = document.getElementById('answer-heading');
      if (!heading) throw new Error('no answer');
      tell(`${heading.textContent} received`);
      heading.focus();
    } catch {
      // Sent again it might be done twice.
      const told = 'The answer was lost. Look whether the call was done before you send it again.';
      const part = document.getElementById('try-answer');
      part.textContent = told;
      part.hidden = false;
      tell(told);
    } finally {
      sending = false;
    }
  });

  equip(document);
})();
