// S4: the operator's own organisation is suspended by mistake, and nobody is shut out for good.

import assert from 'node:assert/strict';

import { onEveryEngine, until } from './harness.mjs';
import { ANA, anOrg, asAna, command, fillIn, invite, join, PASSWORD } from './steps.mjs';

const REASON = 'Meant to be another organisation.';

onEveryEngine('we suspended ourselves, and the console goes on', async ({ portal, page, context }) => {
  const own = await ours(portal, context);
  await page.goto(portal.at(own.page));
  await page.getByRole('link', { name: 'Suspend …' }).click();
  await page.getByText('ends by itself after a quarter of an hour').waitFor();
  await fillIn(page, { Reason: REASON, Slug: 'dreamineering' }, 'Suspend Dreamineering');
  await page.getByText('It is reinstated by itself').waitFor();
  const timer = page.getByRole('main').locator('.note strong time');
  assert.match(await timer.innerText(), /in (14|15) min/);

  assert.equal((await page.goto(portal.at('/org/dreamineering/dashboard'))).status(), 403);
  await page.getByText(REASON).waitFor();
  await page.goto(portal.at('/admin/orgs'));
  await page.getByRole('link', { name: 'Dreamineering' }).click();
  await page.getByText(/The first request of a member was refused \d+ (ms|seconds) later/).waitFor();
  await page.getByRole('link', { name: 'Reinstate' }).click();
  await page.getByRole('button', { name: 'Reinstate Dreamineering' }).click();
  await page.getByRole('status').getByText('You reinstated Dreamineering').waitFor();
  assert.equal((await page.goto(portal.at('/org/dreamineering/dashboard'))).status(), 200);
});

onEveryEngine('we meant it, and show with a new sign-in that we still can', async ({ portal, page, context }) => {
  const own = await ours(portal, context);
  await command(portal, context, `${own.page}/suspension`, { reason: REASON, confirmed: 'dreamineering' });
  await page.goto(portal.at(own.page));
  await page.getByRole('link', { name: 'Confirm the suspension …' }).click();
  await page.getByText('Sign in again first.').waitFor();
  await page.getByRole('button', { name: 'Sign out and in again' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL('**/login?next=**');
  await fillIn(page, { 'E-mail address': ANA.email, Password: PASSWORD }, 'Sign in');
  await page.waitForURL(`**${own.page}/confirmation`);
  await page.getByRole('button', { name: 'Confirm the suspension of Dreamineering' }).click();
  await page.getByRole('status').getByText('You confirmed the suspension of Dreamineering').waitFor();
  assert.equal(await page.getByText('It is reinstated by itself').count(), 0);
});

onEveryEngine('nobody can sign in, and the server\'s shell helps', async ({ portal, page, context, database }) => {
  const own = await ours(portal, context);
  await command(portal, context, `${own.page}/suspension`, { reason: REASON, confirmed: 'dreamineering' });
  await portal.stop();
  assert.match(await database.run('recover'), /Dreamineering works again\./);
  const again = await portal.again();
  assert.equal((await page.goto(again.at('/org/dreamineering/dashboard'))).status(), 200);
  await page.goto(again.at(`${own.page}/history`));
  await page.getByText('Somebody on the server reinstated Dreamineering').waitFor();
});

onEveryEngine('nobody does anything, and it ends by itself', async ({ portal, page, context }) => {
  const own = await ours(portal, context);
  await command(portal, context, `${own.page}/suspension`, { reason: REASON, confirmed: 'dreamineering' });
  await portal.stop();
  const early = await portal.againAfter(13);
  assert.equal((await page.goto(early.at('/org/dreamineering/dashboard'))).status(), 403, 'not before it is due');
  await early.stop();
  const later = await portal.againAfter(16);
  await until('the timer has reinstated it', 10_000, async () => {
    return (await page.goto(later.at('/org/dreamineering/dashboard'))).status() === 200;
  });
  await page.goto(later.at(`${own.page}/history`));
  await page.getByText('The timer reinstated Dreamineering').waitFor();
  await later.stop();
});

/** Ana's own organisation, which is protected, and of which she is a member. */
async function ours(portal, context) {
  await asAna(portal, context);
  const own = await anOrg(portal, context, { name: 'Dreamineering', slug: 'dreamineering' });
  await join(portal, context, await invite(portal, context, own, ANA.email, 'owner'));
  await command(portal, context, `${own.page}/protection`);
  return own;
}
