// Kinds of things: defined without a deploy, spread by one decision, switched off and on again.

import assert from 'node:assert/strict';

import { look, onEveryEngine } from './harness.mjs';
import { anOrg, asAna, asNewPerson, command, field, fillIn } from './steps.mjs';

const PLACE = '/admin/reference-data';
const PROJECT = { code: 'project', label: 'Project', description: 'What people work on together.', action: 'read', spread: 'everywhere' };

/** A resource type in the list. */
function row(page, label) {
  const rows = page.getByRole('table', { name: 'Resource types' }).getByRole('row');
  return rows.filter({ has: page.getByRole('rowheader', { name: label }) });
}

/** A row of a comparison. */
function facet(page, name) {
  const rows = page.getByRole('table', { name: 'What is the same and what differs' }).getByRole('row');
  return rows.filter({ has: page.getByRole('rowheader', { name, exact: true }) });
}

/** The options of a group that are ticked or chosen, by their labels. */
function chosen(page, group) {
  const boxes = page.getByRole('group', { name: group }).locator('input:checked');
  return boxes.evaluateAll((inputs) => inputs.map((input) => input.labels[0].textContent));
}

/** What has the focus: its name, and its value where it is one of several. */
function focused(page) {
  return page.evaluate(() => {
    const { name, type, value } = document.activeElement;
    return ['checkbox', 'radio'].includes(type) ? `${name} ${value}` : name;
  });
}

onEveryEngine('a resource type is defined by keyboard, and every organisation has it at once', async ({ portal, page, context }) => {
  await asAna(portal, context);
  for (const slug of ['acme', 'beta']) await anOrg(portal, context, { name: slug, slug });
  await page.goto(portal.at('/admin/orgs'));
  await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: 'Reference data' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('There is no resource type yet.').waitFor();
  await page.getByRole('link', { name: 'New resource type' }).focus();
  await page.keyboard.press('Enter');
  await field(page, 'Code').focus();
  await page.keyboard.type('project');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Project');
  await page.keyboard.press('Tab');
  await page.keyboard.type('What people work on together.');
  for (const action of ['create', 'list', 'read', 'update', 'delete']) {
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), `action ${action}`);
  }
  await page.keyboard.press('Space');
  assert.deepEqual(await chosen(page, 'Actions'), ['Create', 'List', 'Read', 'Update']);
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'spread everywhere');
  await page.keyboard.press('ArrowDown');
  assert.deepEqual(await chosen(page, 'Which organisations have it'), ['New organisations only']);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText('You defined the resource type').waitFor();
  assert.equal(new URL(page.url()).pathname, `${PLACE}/project`);

  await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: 'Reference data' }).click();
  const told = await row(page, 'Project').innerText();
  for (const known of ['project', 'create, list, read, update', 'everywhere', '2 of 2', 'Active']) {
    assert.ok(told.includes(known), `${known} in ${told}`);
  }
});

onEveryEngine('a code that exists is refused beside its field, and nothing typed is lost', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await command(portal, context, `${PLACE}/new`, PROJECT);
  await page.goto(portal.at(`${PLACE}/new`));
  await page.getByLabel('Delete', { exact: true }).uncheck();
  await page.getByLabel('Create', { exact: true }).uncheck();
  await page.getByLabel('Opt-in').check();
  await fillIn(page, { Code: 'Project', Label: 'Undertaking', Description: 'Begun, and not always ended.' }, 'Define resource type');
  const refusal = 'the code project belongs to Project; choose another';
  await page.getByRole('alert').getByText(refusal).waitFor();
  await page.locator('#error-code').getByText(refusal).waitFor();
  assert.equal(await field(page, 'Code').getAttribute('aria-invalid'), 'true');
  assert.equal(await field(page, 'Code').inputValue(), 'Project');
  assert.equal(await field(page, 'Label').inputValue(), 'Undertaking');
  assert.equal(await field(page, 'Description').inputValue(), 'Begun, and not always ended.');
  assert.deepEqual(await chosen(page, 'Actions'), ['List', 'Read', 'Update']);
  assert.deepEqual(await chosen(page, 'Which organisations have it'), ['Opt-in']);
  await page.getByRole('alert').getByRole('link', { name: refusal }).click();
  assert.equal(await focused(page), 'code');
  await fillIn(page, { Code: 'undertaking' }, 'Define resource type');
  await page.getByRole('status').getByText('You defined the resource type').waitFor();
});

onEveryEngine('what a change of the spread comes to is told in words and numbers before it is saved', async ({ portal, page, context }) => {
  await asAna(portal, context);
  for (const slug of ['acme', 'beta', 'gamma']) await anOrg(portal, context, { name: slug, slug });
  await command(portal, context, `${PLACE}/new`, PROJECT);
  await page.goto(portal.at(`${PLACE}/project`));
  await page.getByText('3 of 3').waitFor();
  await page.getByRole('link', { name: 'Spread' }).click();
  assert.deepEqual(await chosen(page, 'Which organisations have it'), ['Everywhere']);
  const told = await page.getByRole('group', { name: 'Which organisations have it' }).innerText();
  for (const known of [
    'All 3 that exist, at once, and every new one.',
    'None of the 3 that exist; every one that is created from now on.',
    'None of the 3 that exist, and no new one, unless it chooses to.',
  ]) {
    assert.ok(told.includes(known), `${known} in ${told}`);
  }
  await page.getByLabel('New organisations only').check();
  await page.getByRole('button', { name: 'Change the spread of Project' }).click();
  await page.getByRole('status').getByText('You').waitFor();
  await page.getByText('0 of 3').waitFor();
  await anOrg(portal, context, { name: 'Delta', slug: 'delta' });
  await page.reload();
  await page.getByText('1 of 4').waitFor();
});

onEveryEngine('deactivating wants a reason, and reactivating brings it back as it was', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await command(portal, context, `${PLACE}/new`, PROJECT);
  await page.goto(portal.at(`${PLACE}/project`));
  await page.getByRole('link', { name: 'Deactivate' }).click();
  await fillIn(page, { Reason: 'too short' }, 'Deactivate Project');
  await page.getByRole('alert').getByText('10 to 500 characters').waitFor();
  assert.equal(await field(page, 'Reason').inputValue(), 'too short');
  await fillIn(page, { Reason: 'Nobody uses it any more.' }, 'Deactivate Project');
  await page.getByRole('status').getByText('Nobody uses it any more.').waitFor();
  await page.goto(portal.at(PLACE));
  for (const known of ['deactivated', '0 of 1']) await row(page, 'Project').getByText(known).waitFor();

  await row(page, 'Project').getByRole('link', { name: 'Project' }).click();
  await page.getByText(/^Deactivated .*: Nobody uses it any more\.$/).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Spread' }).count(), 0, 'nothing else can be changed');
  await page.getByRole('link', { name: 'Reactivate' }).click();
  await page.getByRole('button', { name: 'Reactivate Project' }).click();
  await page.getByRole('status').getByText('You reactivated').waitFor();
  await page.getByText('1 of 1').waitFor();
});

onEveryEngine("an organisation's owner who opens the page is back on their own dashboard", async ({ portal, page, context }) => {
  await asAna(portal, context);
  await command(portal, context, `${PLACE}/new`, PROJECT);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await asNewPerson(portal, acme.invitation, 'Ola Berg', async (theirs) => {
    for (const place of [PLACE, `${PLACE}/new`, `${PLACE}/project`, `${PLACE}/project/spread`]) {
      await theirs.goto(portal.at(place));
      assert.equal(theirs.url(), portal.at('/org/acme/dashboard'), `from ${place}`);
    }
    assert.equal(await theirs.getByText('Reference data').count(), 0);
  });
  await page.goto(portal.at(PLACE));
  await row(page, 'Project').waitFor();
});

onEveryEngine('an organisation is opted out, whatever the policy says, and its page says why', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await command(portal, context, `${PLACE}/new`, PROJECT);
  await asNewPerson(portal, acme.invitation, 'Ola Berg', async (theirs) => {
    await theirs.goto(portal.at('/org/acme/dashboard'));
    await theirs.getByRole('heading', { name: 'What you can work with' }).waitFor();

    await page.goto(portal.at(acme.page));
    await page.getByRole('link', { name: 'Resource types' }).click();
    const project = row(page, 'Project');
    assert.match(await project.innerText(), /yes[\s\S]*policy: everywhere #\d+/i);
    await project.getByRole('button', { name: 'Opt out Project' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('You opted Acme out of project').waitFor();
    assert.match(await project.innerText(), /no[\s\S]*opted out by Ana Lind/i);
    await theirs.reload();
    assert.equal(await theirs.getByRole('heading', { name: 'What you can work with' }).count(), 0, 'in the same session');

    await command(portal, context, `${PLACE}/project/spread`, { spread: 'new_only' });
    await page.reload();
    assert.match(await project.innerText(), /opted out by Ana Lind/i, 'a choice survives');
    await project.getByRole('button', { name: 'Follow the policy Project' }).click();
    assert.match(await project.innerText(), /policy: new organisations only/i);
    await project.getByRole('button', { name: 'Opt in Project' }).click();
    await page.getByRole('status').getByText('You opted Acme into project').waitFor();
    await theirs.reload();
    await theirs.getByRole('heading', { name: 'What you can work with' }).waitFor();
  });
});

onEveryEngine('two types are compared, then one with what it was, in words and without a barrier', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await command(portal, context, `${PLACE}/new`, PROJECT);
  await command(portal, context, `${PLACE}/new`, { ...PROJECT, code: 'invoice', label: 'Invoice', action: 'create', spread: 'opt_in' });
  await page.goto(portal.at(PLACE));
  await page.getByRole('link', { name: 'Compare' }).click();
  await page.getByText('Nothing is compared yet.').waitFor();
  await look(page, 'reference-compare-nothing');
  await page.getByLabel('Left', { exact: true }).selectOption('project');
  await page.getByLabel('Right', { exact: true }).selectOption('invoice');
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByText('They differ in label, actions, spread.').waitFor();
  assert.match(await facet(page, 'Actions').innerText(), /read[\s\S]*create[\s\S]*different[\s\S]*only left: read[\s\S]*only right: create/i);
  assert.match(await facet(page, 'Description').innerText(), /same/i);
  await look(page, 'reference-compare');

  await field(page, 'Left, as of').fill('yesterday');
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByRole('alert').getByRole('link', { name: 'give a position like 1234' }).click();
  assert.equal(await focused(page), 'left_at');
  assert.equal(await field(page, 'Left, as of').inputValue(), 'yesterday');
  assert.equal(await page.getByLabel('Right', { exact: true }).inputValue(), 'invoice');
  await look(page, 'reference-compare-wrong');

  await command(portal, context, `${PLACE}/project/label`, { label: 'Undertaking' });
  await page.goto(portal.at(`${PLACE}/project`));
  await look(page, 'reference-detail-changed');
  await page.getByRole('link', { name: 'Compare with before the last change' }).click();
  await page.getByText('They differ in label.').waitFor();
  assert.match(await facet(page, 'Label').innerText(), /Project[\s\S]*Undertaking[\s\S]*different/i);
  await field(page, 'Left, as of').fill('1');
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByText(/was not defined yet at #1: that was at #\d+/).waitFor();
  await look(page, 'reference-compare-before');
});
