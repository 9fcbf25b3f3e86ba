// What has happened before a story begins: the same forms, sent without looking at them, because that is quicker.
//
// Invariant: nothing here reaches around the program. Whatever a story begins with, people could have done.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { withPage } from './harness.mjs';

export const PASSWORD = 'lighthouse mango tricycle';
export const ANA = { name: 'Ana Lind', email: 'ana@portal.example' };

/** Sends a form, and gives the answer without following it. */
export async function send(portal, context, place, form = {}) {
  const answer = await context.request.post(portal.at(place), { form, maxRedirects: 0 });
  assert.ok(answer.status() < 400, `${place} answered ${answer.status()}: ${await answer.text()}`);
  return answer;
}

/** The same for forms that know which command they are. */
export function command(portal, context, place, form = {}) {
  return send(portal, context, place, { command_id: randomUUID(), ...form });
}

/** Ana becomes the first superadmin, and is signed in. */
export async function asAna(portal, context) {
  await send(portal, context, await portal.setupUrl(), { ...ANA, password: PASSWORD });
}

/** Signs somebody in who has a password. */
export function signIn(portal, context, email, password = PASSWORD) {
  return send(portal, context, '/login', { email, password });
}

/** An organisation whose owner is invited: its id, slug and name, and where the invitation leads. */
export async function anOrg(portal, context, { name, slug, owner = `owner@${slug}.example` }) {
  const id = randomUUID();
  await send(portal, context, '/admin/orgs', { command_id: id, name, slug, owner_email: owner });
  return { id, name, slug, owner, page: `/admin/orgs/${id}`, invitation: await handedOver(context) };
}

/** An invitation into an organisation; gives where it leads. */
export async function invite(portal, context, org, email, role = 'member') {
  await command(portal, context, `${org.page}/invitations`, { email, role });
  return handedOver(context);
}

/** The link that the next page would show to whoever invited. */
async function handedOver(context) {
  const cookies = await context.cookies();
  const token = cookies.find(({ name }) => name === 'portal-once')?.value;
  await context.clearCookies({ name: 'portal-once' });
  return `/invitations/${token}`;
}

/** Accepts an invitation: a new person with a name, or one who is signed in. */
export function join(portal, context, invitation, name) {
  return send(portal, context, invitation, name ? { name, password: PASSWORD } : {});
}

/** A new person in a browser of their own, who has accepted an invitation. */
export function asNewPerson(portal, invitation, name, body, options) {
  return withPage(async (page, context) => {
    await join(portal, context, invitation, name);
    return body(page, context);
  }, options);
}

/** The row of somebody who holds a platform role. Others may name them as well: it is theirs by its first cell. */
export function holder(page, who, table = 'Who holds a role now') {
  const rows = page.getByRole('table', { name: table }).getByRole('row');
  return rows.filter({ has: page.getByRole('rowheader', { name: who }) });
}

/** Types into a form, by the labels of its fields, and sends it with its main button. */
export async function fillIn(page, fields, button) {
  for (const [label, text] of Object.entries(fields)) await field(page, label).fill(text);
  await page.getByRole('button', { name: button, exact: true }).click();
}

/** A field by its label, which may say that it is optional. */
export function field(page, label) {
  return page.getByLabel(new RegExp(`^${label}( optional)?$`));
}
