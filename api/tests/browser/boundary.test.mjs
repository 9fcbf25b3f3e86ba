// S7, as people meet it: what is the operator's stays the operator's, and one customer's stays theirs.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { onEveryEngine, withPage } from './harness.mjs';
import { anOrg, asAna, asNewPerson, invite, PASSWORD, send } from './steps.mjs';

const console_ = (org) => [
  '/admin',
  '/admin/orgs',
  '/admin/orgs?q=acme',
  '/admin/orgs/new',
  '/admin/orgs/slug?name=Acme',
  org.page,
  `${org.page}/members`,
  `${org.page}/history`,
  `${org.page}/access`,
  `${org.page}/suspension`,
  `${org.page}/invitations`,
  `/admin/orgs/${randomUUID()}`,
  '/admin/history',
  '/admin/superadmins',
  '/admin/superadmins/new',
  `/admin/superadmins/${randomUUID()}/revocation`,
  `/admin/superadmins/requests/${randomUUID()}/approval`,
  '/admin/nothing/here',
];

onEveryEngine('whoever opens a page of the console without a grant lands on their own dashboard, without a message', async (story) => {
  const { portal, context } = story;
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  const invitations = [acme.invitation];
  for (const role of ['admin', 'member']) invitations.push(await invite(portal, context, acme, `${role}@acme.example`, role));
  for (const [index, invitation] of invitations.entries()) {
    await asNewPerson(portal, invitation, `Person ${index}`, async (page, theirs) => {
      for (const place of console_(acme)) {
        const answer = await theirs.request.get(portal.at(place), { maxRedirects: 0 });
        assert.deepEqual([answer.status(), answer.headers().location, await answer.text()], [303, '/org/acme/dashboard', ''], place);
      }
      await page.goto(portal.at('/admin/orgs'));
      assert.equal(page.url(), portal.at('/org/acme/dashboard'));
      assert.equal(await page.locator('[role=status], [role=alert]').count(), 0);
      for (const place of ['dashboard', 'members', 'activity']) {
        await page.goto(portal.at(`/org/acme/${place}`));
        assert.doesNotMatch(await page.content(), /\/admin|Operator console|#\d+</, 'no way into the console, and no word of it');
      }
      const form = { command_id: randomUUID(), reason: 'Because I can, can I not?' };
      await theirs.request.post(portal.at(`${acme.page}/suspension`), { form });
      assert.equal((await page.reload()).status(), 200, 'nothing was suspended');
    });
  }
});

onEveryEngine('a visitor who opens a page of the console signs in first, and then is there', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await send(portal, context, '/logout');
  for (const place of console_(acme)) {
    const answer = await context.request.get(portal.at(place), { maxRedirects: 0 });
    assert.match(answer.headers().location, /^\/login\?next=%2Fadmin/, place);
  }
  await page.goto(portal.at('/admin/orgs?q=acme'));
  await page.getByLabel('E-mail address').fill('ana@portal.example');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/admin/orgs?q=acme');
});

onEveryEngine('to a member another organisation and none at all are the same', async ({ portal, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await anOrg(portal, context, { name: 'Secret Plans', slug: 'beta' });
  await asNewPerson(portal, acme.invitation, 'Ola', async (page) => {
    const told = async (slug) => {
      const answer = await page.goto(portal.at(`/org/${slug}/dashboard`));
      const text = await page.locator('main').innerText();
      return [answer.status(), text.replace(/[0-9a-f-]{36}/g, 'an id')];
    };
    const other = await told('beta');
    assert.deepEqual(other, await told('zeta'));
    assert.equal(other[0], 404);
    assert.doesNotMatch(other[1], /Secret|beta/);
    await withPage(async (stranger) => {
      await stranger.goto(portal.at('/org/beta/dashboard'));
      assert.equal(stranger.url(), portal.at('/login?next=%2Forg%2Fbeta%2Fdashboard'));
    });
  });
});
