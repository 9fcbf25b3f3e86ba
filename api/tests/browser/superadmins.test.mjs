// Platform roles: given, passed on, taken back, and never forgotten.

import assert from 'node:assert/strict';

import { onEveryEngine, until, withPage } from './harness.mjs';
import { ANA, asAna, command, fillIn, holder, PASSWORD } from './steps.mjs';

const WHY = 'Shares the night shifts with Ana.';
const LEFT = 'Has left for another company.';

onEveryEngine('a second superadmin is made by keyboard, follows the link, and is one until it is revoked', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await page.goto(portal.at('/admin/orgs'));
  await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: 'Superadmins' }).click();
  await page.getByText('There is only one superadmin without an end date.').waitFor();
  await page.getByRole('link', { name: 'Grant a role' }).focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('E-mail address').focus();
  await page.keyboard.type('nina@portal.example');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'role');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'lasting');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Begin later than now');
  await page.keyboard.press('Tab');
  await page.keyboard.type(WHY);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText(`You granted superadmin to nina@portal.example: ${WHY}`).waitFor();
  const link = await page.getByLabel(/^Link for nina@portal.example/).inputValue();
  assert.equal(await page.getByText('There is only one superadmin without an end date.').count(), 0);

  await withPage(async (theirs) => {
    await theirs.goto(link);
    await fillIn(theirs, { Password: PASSWORD }, 'Set password and sign in');
    await theirs.waitForURL('**/admin/orgs');
    await theirs.goto(portal.at('/admin/superadmins'));
    await theirs.getByRole('heading', { name: 'Superadmins' }).waitFor();

    await holder(page, 'nina@portal.example').getByRole('link', { name: 'Revoke' }).click();
    await fillIn(page, { Reason: LEFT }, 'Revoke superadmin of nina@portal.example');
    await page.getByRole('status').getByText(`You revoked superadmin of nina@portal.example: ${LEFT}`).waitFor();
    await theirs.reload();
    assert.equal(theirs.url(), portal.at('/organisations/select'), 'from the next request on');
  });

  const past = holder(page, 'nina@portal.example', 'Past grants');
  const told = await past.innerText();
  for (const known of [WHY, LEFT, ANA.name]) assert.ok(told.includes(known), `${known} in ${told}`);
});

onEveryEngine('the last superadmin is kept, and what is wrong stands beside its field', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await page.goto(portal.at('/admin/superadmins'));
  await page.getByRole('link', { name: 'Revoke' }).click();
  await page.getByText('This is the last superadmin without an end date.').waitFor();
  await page.getByRole('link', { name: 'Grant a role' }).click();
  await fillIn(page, { 'E-mail address': 'nina@portal.example', Reason: 'too short' }, 'Grant role');
  await page.getByRole('alert').getByText('10 to 500 characters').waitFor();
  assert.equal(await page.getByLabel('E-mail address').inputValue(), 'nina@portal.example');
  assert.equal(await page.getByLabel('Reason').inputValue(), 'too short');
  await command(portal, context, '/admin/superadmins/new', { email: 'nina@portal.example', role: 'superadmin', reason: WHY });

  await page.goto(portal.at('/admin/superadmins'));
  await holder(page, ANA.name).getByRole('link', { name: 'Revoke' }).click();
  await page.getByText('This is yourself.').waitFor();
  await fillIn(page, { Reason: LEFT }, `Revoke superadmin of ${ANA.name}`);
  await page.waitForURL('**/organisations/select');
});

/** The moment so many seconds from now, as a form has it. */
function inSeconds(seconds) {
  return new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19);
}

onEveryEngine('a role for a time counts down, ends by itself, and stays in the history', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await page.goto(portal.at('/admin/superadmins/new'));
  assert.ok(await page.getByLabel(/^Until/).isHidden(), 'asked for only where it counts');
  await page.getByLabel('For how long').selectOption('until a date');
  await page.getByLabel(/^Until/).waitFor();
  await page.getByLabel('For how long').selectOption('1 hour');
  await fillIn(page, { 'E-mail address': 'olga@portal.example', Reason: WHY }, 'Grant role');
  await page.getByRole('status').getByText('You granted superadmin to olga@portal.example until').waitFor();
  const ends = holder(page, 'olga@portal.example').getByRole('cell').nth(1).locator('time');
  assert.match(await ends.innerText(), /^in (1 hr|\d+ min)/);
  assert.match(await ends.getAttribute('title'), /\d{4}/, 'the exact time on hover');
  await page.getByText('There is only one superadmin without an end date.').waitFor();

  const email = 'nina@portal.example';
  await command(portal, context, '/admin/superadmins/new', { email, role: 'superadmin', reason: WHY });
  await page.goto(portal.at('/admin/superadmins'));
  const link = await page.getByLabel(/^Link for nina@portal.example/).inputValue();
  await withPage(async (theirs) => {
    await theirs.goto(link);
    await fillIn(theirs, { Password: PASSWORD }, 'Set password and sign in');
    await theirs.waitForURL('**/admin/orgs');
    await theirs.goto(portal.at('/account'));
    await theirs.getByRole('heading', { name: 'Platform roles' }).waitFor();

    // She is signed in by now, so these seconds are for nothing else.
    await holder(page, email).getByRole('link', { name: 'Revoke' }).click();
    await fillIn(page, { Reason: LEFT }, `Revoke superadmin of ${email}`);
    await page.getByRole('status').getByText(`You revoked superadmin of ${email}`).waitFor();
    await command(portal, context, '/admin/superadmins/new', { email, role: 'superadmin', reason: WHY, lasting: 'until', until: inSeconds(10) });
    await until('the role was over', 30_000, async () => {
      await theirs.goto(portal.at('/admin/superadmins'));
      return theirs.url() === portal.at('/organisations/select');
    });
  });
  await until('it was in the history', 15_000, async () => {
    await page.reload();
    return holder(page, email, 'Past grants').getByText('The timer').isVisible();
  });
  await holder(page, email, 'Past grants').getByText('expired').waitFor();
});

onEveryEngine('where two must agree, one asks and another approves, by keyboard', async ({ portal: first, database, page, context }) => {
  await asAna(first, context);
  await first.stop();
  const said = await database.run('grant', 'bo@portal.example', '--reason', 'Somebody has to approve.');
  const portal = await first.again({ env: { PORTAL_GRANT_APPROVAL: 'yes', PORTAL_GRANT_MAX_DAYS: '7' } });
  await page.goto(portal.at('/admin/superadmins'));
  await page.getByRole('link', { name: 'Ask for a role' }).focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('E-mail address').focus();
  await page.keyboard.type('nina@portal.example');
  assert.deepEqual(await page.getByLabel('For how long').locator('option').allInnerTexts(), ['1 hour', '8 hours', '1 day', '7 days', 'until a date']);
  await page.getByLabel('For how long').selectOption('8 hours');
  await page.getByLabel('Reason').focus();
  await page.keyboard.type(WHY);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText(`You asked for superadmin for nina@portal.example for 8 hours: ${WHY}`).waitFor();
  const mine = holder(page, 'nina@portal.example', 'Requests');
  await mine.getByText('You asked for this; somebody else must approve.').waitFor();
  await mine.getByText('Who can: bo@portal.example.').waitFor();
  assert.equal(await mine.getByRole('link', { name: 'Approve' }).count(), 0);

  await withPage(async (theirs) => {
    await theirs.goto(portal.at(said.match(/\/password\/\w+/)[0]));
    await fillIn(theirs, { Password: PASSWORD }, 'Set password and sign in');
    await theirs.waitForURL('**/admin/orgs');
    await theirs.goto(portal.at('/admin/superadmins'));
    const request = holder(theirs, 'nina@portal.example', 'Requests');
    await request.getByRole('link', { name: 'Approve' }).focus();
    await theirs.keyboard.press('Enter');
    await theirs.getByText(WHY).waitFor();
    await theirs.getByRole('button', { name: 'Approve superadmin for nina@portal.example' }).focus();
    await theirs.keyboard.press('Enter');
    await theirs.getByRole('status').getByText('You approved and granted superadmin to nina@portal.example until').waitFor();
    await theirs.getByLabel(/^Link for nina@portal.example/).waitFor();

    await page.goto(portal.at('/admin/superadmins'));
    await holder(page, 'nina@portal.example').getByText(/^in /).waitFor();
    await holder(page, 'nina@portal.example', 'Past requests').getByText('approved').waitFor();
    await page.getByText('Break-glass').waitFor();
    await page.getByText('Somebody has to approve.').first().waitFor();

    // Two who decide at once: the second reads who was quicker, and what they did.
    await page.goto(portal.at('/admin/superadmins/new'));
    await fillIn(page, { 'E-mail address': 'per@portal.example', Reason: WHY }, 'Ask for role');
    await theirs.goto(portal.at('/admin/superadmins'));
    await holder(theirs, 'per@portal.example', 'Requests').getByRole('link', { name: 'Approve' }).click();
    await theirs.getByRole('button', { name: 'Approve superadmin' }).waitFor();
    await holder(page, 'per@portal.example', 'Requests').getByRole('link', { name: 'Withdraw' }).click();
    await page.getByRole('button', { name: 'Withdraw superadmin for per@portal.example' }).click();
    await page.getByRole('status').getByText('You withdrew the request').waitFor();
    await theirs.getByRole('button', { name: 'Approve superadmin' }).click();
    await theirs.getByText(`${ANA.name} withdrew this`).waitFor();
  });
  await portal.stop();
});
