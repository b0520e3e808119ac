// Who signs in: told by the test, or chosen by somebody at a browser.
import { byHint, everybody, person } from './people.mjs';

const escape = text => String(text).replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);

export function interactionPages({ kind, options, state, provider }) {
  return async function pages(context, next) {
    if (!context.path.startsWith('/_interaction/')) return next();
    let details;
    try {
      details = await provider.interactionDetails(context.req, context.res);
    } catch (error) {
      context.throw(400, error.message);
    }
    const answer = context.method === 'POST' ? context.req.body : decided(context, details.params);
    if (!answer) return showForm(context, details);
    const result = resultOf(answer);
    if (!result) return showForm(context, details, 'Nobody of that name.');
    context.status = 303;
    context.redirect(await provider.interactionResult(context.req, context.res, result, { mergeWithLastSubmission: false }));
  };

  // In this order: /_control, login_hint, the cookie, the command line.
  function decided(context, params) {
    if (state.deny) {
      state.deny = false;
      return { deny: 'yes' };
    }
    const told = state.next;
    state.next = undefined;
    const name = told ?? byHint(params.login_hint)?.name ?? context.cookies.get('upstream_user') ?? options.auto;
    return name && { user: name };
  }

  function resultOf(answer) {
    if (answer.deny || answer.user === 'deny') {
      return { error: kind.name === 'apple' ? 'user_cancelled_authorize' : 'access_denied', error_description: 'refused' };
    }
    const one = person(answer.user);
    return one && { login: { accountId: kind.subject(one) }, consent: {} };
  }

  function showForm(context, details, complaint = '') {
    const choices = everybody().map(one => `<option>${escape(one.name)}</option>`).join('');
    context.type = 'html';
    context.body = `<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Sign in (${escape(kind.name)})</title>
<h1>Sign in (${escape(kind.name)})</h1><p>${escape(complaint)}</p>
<form method="post" action="/_interaction/${escape(details.uid)}">
  <label>User <select name="user">${choices}</select></label>
  <button name="allow" value="yes">Sign in to ${escape(details.params.client_id)}</button>
  <button name="deny" value="yes">Cancel</button>
</form></html>`;
  }
}
