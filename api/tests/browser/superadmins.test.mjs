// Platform roles: given, passed on, taken back, and never forgotten.

import assert from 'node:assert/strict';

import { onEveryEngine, withPage } from './harness.mjs';
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
