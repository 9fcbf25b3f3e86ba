// What is sensitive asks again who it is, and then goes on with what was being done (S9).

import assert from 'node:assert/strict';

import { look, onEveryEngine, withPage } from './harness.mjs';
import { ANA, anOrg, asAna, fillIn, PASSWORD, signIn } from './steps.mjs';

const WHY = `"Unpaid" & <late>, three times:\nMärz, Mai – 請求書 🧾 100 %`;
const ACME = { name: 'Acme', slug: 'acme' };

/** A reason as a page shows it, on one line. */
const told = (text) => text.replace(/\s+/g, ' ');

onEveryEngine('who suspends after a while confirms it with the password, and nothing typed is lost', async ({ database, portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, ACME);
  await database.timePasses(16);
  await page.goto(portal.at(`${acme.page}/suspension`));
  await fillIn(page, { Reason: WHY }, 'Suspend Acme');
  await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
  await page.getByText('You are about to suspend an organisation.').waitFor();
  await page.locator('[name="sudo_password"]:focus').waitFor();
  await look(page, 'sudo');
  await page.keyboard.type('wrong wrong wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('this is not your password').waitFor();
  await look(page, 'sudo-wrong');
  await fillIn(page, { Password: PASSWORD }, 'Confirm and go on');
  const status = page.getByRole('status').filter({ hasText: 'You suspended Acme' });
  await status.waitFor();
  assert.ok(told(await status.innerText()).includes(told(WHY)), await status.innerText());

  await page.goto(portal.at(`${acme.page}/reinstatement`));
  await page.getByRole('button', { name: 'Reinstate Acme' }).click();
  await page.getByRole('status').getByText('You reinstated').waitFor();
  await page.goto(portal.at(`${acme.page}/archive`));
  await fillIn(page, { Reason: 'The contract has ended.' }, 'Archive Acme');
  await page.getByRole('status').getByText('You archived').waitFor();
});

onEveryEngine('a file asks as well, and comes by itself once it is proven who takes it', async ({ database, portal, page, context }) => {
  await asAna(portal, context);
  await anOrg(portal, context, ACME);
  await database.timePasses(16);
  await page.goto(portal.at('/admin/history'));
  await page.getByRole('link', { name: 'CSV' }).click();
  await page.getByText('You are about to export the history.').waitFor();
  await page.getByText('This is a sensitive action. Confirm your password to continue.').waitFor();
  await look(page, 'sudo-export');
  await fillIn(page, { Password: 'wrong wrong wrong' }, 'Confirm and go on');
  await page.getByRole('alert').getByText('this is not your password').waitFor();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    fillIn(page, { Password: PASSWORD }, 'Confirm and go on'),
  ]);
  assert.match(file.suggestedFilename(), /^history-\d+\.csv$/);
  await page.getByRole('heading', { name: 'Confirmed' }).waitFor();
  await look(page, 'sudo-confirmed');
  await page.getByRole('link', { name: 'Back' }).click();
  await page.waitForURL(portal.at('/admin/history'));
});

onEveryEngine('it needs no script, and leaving it leaves everything as it was', async ({ database, portal, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, ACME);
  const plain = async (page, theirs) => {
    await signIn(portal, theirs, ANA.email);
    await database.timePasses(16);
    const form = portal.at(`${acme.page}/suspension`);
    await page.goto(form);
    await fillIn(page, { Reason: WHY }, 'Suspend Acme');
    await page.getByRole('link', { name: 'Cancel' }).click();
    assert.equal(page.url(), form);
    await fillIn(page, { Reason: WHY }, 'Suspend Acme');
    await fillIn(page, { Password: 'wrong wrong wrong' }, 'Confirm and go on');
    await fillIn(page, { Password: PASSWORD }, 'Confirm and go on');
    await page.getByRole('status').getByText('You suspended Acme').waitFor();
  };
  await withPage(plain, { javaScriptEnabled: false });
});
