// Who may do what: the matrix of an organisation, as its owner, an admin and a member see it.

import assert from 'node:assert/strict';

import { look, onEveryEngine } from './harness.mjs';
import { anOrg, asAna, asNewPerson, field, fillIn, invite } from './steps.mjs';

const TYPES = '/admin/reference-data/new';
const PROJECT = { code: 'project', label: 'Project', description: 'What people work on together.', spread: 'everywhere' };
const ACTIONS = ['create', 'list', 'read', 'update', 'delete'];
const PLACE = '/org/acme/roles';

/** Acme, where projects can be had, with an invitation for its owner. */
async function acme(portal, context) {
  await asAna(portal, context);
  const org = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await define(portal, context, PROJECT);
  return org;
}

async function define(portal, context, type) {
  const form = new URLSearchParams({ command_id: crypto.randomUUID(), ...type });
  for (const action of ACTIONS) form.append('action', action);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await context.request.post(portal.at(TYPES), { data: form.toString(), headers, maxRedirects: 0 });
  assert.equal(answer.status(), 303, await answer.text());
}

const box = (page, label) => page.getByRole('checkbox', { name: label, exact: true });
const save = (page) => page.getByRole('button', { name: 'Save' });
const focused = (page) => page.evaluate(() => document.activeElement.getAttribute('aria-label'));

onEveryEngine('what the operator defines stands in the matrix in the same session, and its owner says who may what, by keyboard', async ({ portal, page, context }) => {
  const org = await acme(portal, context);
  await asNewPerson(portal, org.invitation, 'Ola Berg', async (theirs) => {
    await theirs.goto(portal.at('/org/acme/dashboard'));
    await theirs.getByRole('link', { name: 'Roles' }).click();
    await box(theirs, 'member may read Project').waitFor();
    assert.equal(await box(theirs, 'owner may read Project').count(), 0, 'an owner can always do everything');
    assert.ok(await box(theirs, 'admin may delete Project').isChecked());

    await define(portal, context, { ...PROJECT, code: 'invoice', label: 'Invoice' });
    await theirs.reload();
    await box(theirs, 'member may read Invoice').waitFor();
    await look(theirs, 'roles');

    await box(theirs, 'admin may list Invoice').focus();
    await theirs.keyboard.press('ArrowRight');
    assert.equal(await focused(theirs), 'member may list Invoice');
    await theirs.keyboard.press('Space');
    await theirs.keyboard.press('ArrowDown');
    assert.equal(await focused(theirs), 'member may read Invoice');
    await theirs.keyboard.press('Space');
    for (let row = 0; row < 3; row += 1) await theirs.keyboard.press('ArrowDown');
    assert.equal(await focused(theirs), 'member may create Project', 'on to the next type');
    await theirs.keyboard.press('ArrowLeft');
    await theirs.keyboard.press('Space');
    await look(theirs, 'roles-unsaved');
    await theirs.keyboard.press('Enter');
    const said = theirs.getByRole('status');
    await said.getByText('let member list, read invoice').waitFor();
    await said.getByText('no longer let admin create project').waitFor();
    assert.ok(await box(theirs, 'member may read Invoice').isChecked());
    assert.ok(!(await box(theirs, 'admin may create Project').isChecked()));
    await look(theirs, 'roles-saved');
  });
  await page.goto(portal.at(`${org.page}/history`));
  await page.getByText('let member list, read invoice').waitFor();
});

onEveryEngine('two save at once: the second sees what the first did, saves on top of it, and adds a role', async ({ portal, context }) => {
  const org = await acme(portal, context);
  const admin = await invite(portal, context, org, 'ada@acme.example', 'admin');
  await asNewPerson(portal, org.invitation, 'Ola Berg', (ola) => asNewPerson(portal, admin, 'Ada Kern', async (ada) => {
    for (const theirs of [ola, ada]) await theirs.goto(portal.at(PLACE));
    await box(ola, 'member may read Project').check();
    await save(ola).click();
    await ola.getByRole('status').getByText('let member read project').waitFor();
    await box(ada, 'member may list Project').check();
    await save(ada).click();
    await ada.getByText('Somebody changed this organisation while you were here.').waitFor();
    await ada.getByText('Ola Berg let member read project in Acme').waitFor();
    for (const label of ['member may list Project', 'member may read Project']) assert.ok(await box(ada, label).isChecked(), label);
    await look(ada, 'roles-conflict');
    await save(ada).click();
    await ada.getByRole('status').getByText('let member list project').waitFor();
    await ada.getByRole('link', { name: 'Add a role' }).click();
    await fillIn(ada, { Name: 'x' }, 'Add the role');
    await ada.getByRole('alert').getByText('give the role a name of 2 to 40 characters').waitFor();
    await look(ada, 'roles-new-wrong');
    await ada.getByLabel('It may do the same as').selectOption('member');
    await fillIn(ada, { Name: 'Buchhaltung für Zürich' }, 'Add the role');
    await ada.getByRole('status').getByText('added the role buchhaltung für zürich').waitFor();
    await look(ada, 'roles-custom');
  }));
});

onEveryEngine('a role is added as a copy, given to somebody, and removed when nobody has it, without the script', async ({ portal, page, context }) => {
  const org = await acme(portal, context);
  await asNewPerson(portal, org.invitation, 'Ola Berg', async (ola) => {
    await ola.goto(portal.at(PLACE));
    await box(ola, 'member may read Project').check();
    await save(ola).click();
    await ola.getByRole('link', { name: 'Add a role' }).click();
    await field(ola, 'Name').fill('Owner');
    await ola.getByLabel('It may do the same as').selectOption('member');
    await ola.getByRole('button', { name: 'Add the role' }).click();
    await ola.getByRole('alert').getByText('every organisation has a role with this name').waitFor();
    await field(ola, 'Name').fill('Billing Clerk');
    await ola.getByRole('button', { name: 'Add the role' }).click();
    await ola.getByRole('status').getByText('added the role billing clerk').waitFor();
    assert.ok(await box(ola, 'billing clerk may read Project').isChecked());

    await page.goto(portal.at(`${org.page}/invitations`));
    await field(page, 'E-mail address').fill('bea@acme.example');
    await page.getByLabel('Role').selectOption('billing clerk');
    await page.getByRole('button', { name: 'Invite' }).click();
    await page.getByRole('status').getByText('as billing clerk').waitFor();
    await ola.reload();
    await ola.getByText('in use').waitFor();
    await page.getByRole('button', { name: 'Withdraw' }).click();
    await page.getByRole('status').getByText('withdrew').waitFor();
    await ola.reload();
    await ola.getByRole('button', { name: 'Remove billing clerk' }).click();
    await ola.getByRole('status').getByText('removed the role billing clerk').waitFor();
    assert.equal(await box(ola, 'billing clerk may read Project').count(), 0);
  }, { javaScriptEnabled: false });
});

onEveryEngine('a member sees what everybody may, and nothing to change', async ({ portal, context }) => {
  const org = await acme(portal, context);
  const member = await invite(portal, context, org, 'mia@acme.example');
  await asNewPerson(portal, member, 'Mia Holt', async (mia) => {
    await mia.goto(portal.at(PLACE));
    await mia.getByRole('rowheader', { name: 'read' }).waitFor();
    assert.equal(await mia.getByRole('checkbox').count(), 0);
    assert.equal(await mia.getByRole('button', { name: 'Save' }).count(), 0);
    await look(mia, 'roles-member');
    await mia.goto(portal.at('/admin/reference-data'));
    assert.equal(mia.url(), portal.at('/org/acme/dashboard'));
  });
});
