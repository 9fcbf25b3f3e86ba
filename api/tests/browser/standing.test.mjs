// S3, S6: suspended, reinstated, archived, restored, and nothing lost on the way.

import assert from 'node:assert/strict';

import { onEveryEngine, withPage } from './harness.mjs';
import { anOrg, asAna, asNewPerson, command, fillIn, invite, join } from './steps.mjs';

const REASON = 'Three invoices are unpaid since May.';

onEveryEngine('a suspended organisation keeps its members out from their next request on, and loses nothing', async (story) => {
  const { portal, page, context } = story;
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await asNewPerson(portal, acme.invitation, 'Ola', async (member) => {
    await member.goto(portal.at('/org/acme/dashboard'));
    await page.goto(portal.at(acme.page));
    await page.getByRole('link', { name: 'Suspend …' }).click();
    assert.deepEqual(await page.locator('.stat').allInnerTexts().then(numbers), { Members: 1, 'Open sessions': 1, 'Left with nothing': 1 });
    await fillIn(page, { Reason: REASON }, 'Suspend Acme');
    await page.getByRole('status').getByText(`You suspended Acme: ${REASON}`).waitFor();

    const answer = await member.reload();
    assert.equal(answer.status(), 403);
    await member.getByRole('heading', { name: 'Acme is suspended' }).waitFor();
    await member.getByText(REASON).waitFor();
    await withPage(async (stranger) => {
      await stranger.goto(portal.at('/org/acme/dashboard'));
      assert.doesNotMatch(await stranger.content(), /suspended|unpaid/i, 'others learn nothing');
    });

    await page.getByRole('link', { name: 'Reinstate' }).click();
    await page.getByRole('button', { name: 'Reinstate Acme' }).click();
    await page.getByRole('status').getByText('You reinstated Acme').waitFor();
    assert.equal((await member.reload()).status(), 200, 'still signed in, and everything is there');
    assert.match(await member.locator('main').innerText(), /Acme[\s\S]*Ola/);
  });
});

onEveryEngine('a suspension wants a reason', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await page.goto(portal.at(`${acme.page}/suspension`));
  await fillIn(page, { Reason: 'too short' }, 'Suspend Acme');
  await page.getByRole('alert').getByText('10 to 500 characters').waitFor();
  assert.equal(await page.getByLabel('Reason').inputValue(), 'too short');
  await page.goto(portal.at(acme.page));
  assert.match(await page.locator('h1').innerText(), /active/i);
});

onEveryEngine('a protected organisation wants its slug typed', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const own = await anOrg(portal, context, { name: 'Dreamineering', slug: 'dreamineering' });
  await page.goto(portal.at(own.page));
  await page.getByRole('link', { name: 'Protect …' }).click();
  await page.getByRole('button', { name: 'Protect Dreamineering' }).click();
  await page.getByRole('link', { name: 'Suspend …' }).click();
  await fillIn(page, { Reason: REASON, Slug: 'dream' }, 'Suspend Dreamineering');
  await page.getByRole('alert').getByText('type its slug to confirm').waitFor();
  assert.equal(await page.getByLabel('Reason').inputValue(), REASON);
  await fillIn(page, { Slug: 'dreamineering' }, 'Suspend Dreamineering');
  await page.getByRole('status').getByText('You suspended Dreamineering').waitFor();
});

onEveryEngine('an archived organisation is gone for its members and from the list, and comes back whole', async (story) => {
  const { portal, page, context } = story;
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  const beta = await anOrg(portal, context, { name: 'Beta', slug: 'beta' });
  const second = await invite(portal, context, beta, acme.owner);
  await asNewPerson(portal, acme.invitation, 'Ola', async (member, his) => {
    await join(portal, his, second);
    await page.goto(portal.at(acme.page));
    await page.getByRole('link', { name: 'Archive …' }).click();
    await fillIn(page, { Reason: 'The contract has ended.' }, 'Archive Acme');
    await page.getByRole('status').getByText('You archived Acme').waitFor();

    assert.equal((await member.goto(portal.at('/org/acme/dashboard'))).status(), 404);
    await member.goto(portal.at('/'));
    assert.equal(member.url(), portal.at('/org/beta/dashboard'), 'it counts no more');
    await page.goto(portal.at('/admin/orgs'));
    await page.locator('.count', { hasText: /^1 organisation$/ }).waitFor();
    await page.getByLabel('Status').selectOption('archived');
    await page.getByRole('link', { name: 'Acme' }).click();

    await page.getByRole('link', { name: 'Restore' }).click();
    await page.getByRole('button', { name: 'Restore Acme' }).click();
    await page.getByRole('status').getByText('You restored Acme').waitFor();
    assert.equal((await member.goto(portal.at('/org/acme/dashboard'))).status(), 200);
    assert.match(await member.locator('main').innerText(), /Ola/);
  });
});

function numbers(texts) {
  return Object.fromEntries(texts.map((text) => text.split('\n')).map(([name, number]) => [name, Number(number)]));
}
