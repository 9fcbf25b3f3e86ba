// S10, and everything about coming and going: the first start, passwords, sessions, wrong turns.

import assert from 'node:assert/strict';

import { onEveryEngine, withPage } from './harness.mjs';
import { ANA, anOrg, asAna, asNewPerson, fillIn, PASSWORD, signIn } from './steps.mjs';

onEveryEngine('an empty portal prints one link, which makes the first superadmin once', async ({ portal, page }) => {
  const link = await portal.setupUrl();
  await page.goto(link);
  const typed = { 'Your name': ANA.name, 'E-mail address': ANA.email };
  await fillIn(page, { ...typed, Password: 'ana lind 1' }, 'Become superadmin');
  await page.getByRole('alert').getByText('too easy to guess').waitFor();
  assert.equal(await page.getByLabel('Your name').inputValue(), ANA.name);
  await fillIn(page, { Password: PASSWORD }, 'Become superadmin');
  await page.waitForURL('**/admin/orgs');
  await page.getByText('No organisations yet.').waitFor();
  assert.equal((await page.goto(link)).status(), 404);
  await portal.stop();
  const next = await portal.again();
  await page.goto(next.at('/admin/history'));
  await page.getByText(/granted superadmin to Ana Lind/).waitFor();
  assert.doesNotMatch(next.output, /\/setup\//, 'there is no second first start');
});

onEveryEngine('a wrong password and an unknown address are told alike, and the address stays typed', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await context.clearCookies();
  const told = [];
  for (const email of [ANA.email, 'nobody@portal.example']) {
    await page.goto(portal.at('/login'));
    await fillIn(page, { 'E-mail address': email, Password: 'wrong wrong wrong' }, 'Sign in');
    told.push(await page.getByRole('alert').innerText());
    assert.equal(await page.getByLabel('E-mail address').inputValue(), email);
    assert.equal(await page.getByLabel('Password').inputValue(), '');
  }
  assert.equal(told[0], told[1]);
  await fillIn(page, { 'E-mail address': '  ANA@Portal.Example ', Password: PASSWORD }, 'Sign in');
  await page.waitForURL('**/admin/orgs');
});

onEveryEngine('whoever guesses too often waits', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await context.clearCookies();
  const form = { email: ANA.email, password: 'wrong wrong wrong' };
  const statuses = new Set();
  for (let tries = 0; tries < 12; tries += 1) {
    statuses.add((await context.request.post(portal.at('/login'), { form })).status());
  }
  assert.deepEqual(statuses, new Set([422, 429]));
  await page.goto(portal.at('/login'));
  await fillIn(page, { 'E-mail address': ANA.email, Password: PASSWORD }, 'Sign in');
  await page.getByText(/Too many attempts\. Try again in \d+ seconds\./).waitFor();
});

onEveryEngine('sessions are listed where one can end them', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await withPage(async (elsewhere, other) => {
    await signIn(portal, other, ANA.email);
    await elsewhere.goto(portal.at('/admin/orgs'));
    await page.goto(portal.at('/account'));
    const rows = page.getByRole('table', { name: 'Where you are signed in' }).locator('tbody tr');
    assert.equal(await rows.count(), 2);
    assert.equal(await page.getByText('this one', { exact: true }).count(), 1);
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await page.getByText('Ended.').waitFor();
    assert.equal(await rows.count(), 1);
    await elsewhere.reload();
    assert.match(elsewhere.url(), /\/login\?next=/);
  });
});

onEveryEngine('a changed password ends all other sessions, and the old one opens nothing', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await withPage(async (elsewhere, other) => {
    await signIn(portal, other, ANA.email);
    await page.goto(portal.at('/account'));
    await fillIn(page, { 'Current password': 'not mine at all', 'New password': 'short' }, 'Change password');
    await page.getByRole('alert').getByText('this is not your password').waitFor();
    await page.getByRole('alert').getByText('10 to 200 characters').waitFor();
    const fresh = 'orchid gravel trombone nine';
    await fillIn(page, { 'Current password': PASSWORD, 'New password': fresh }, 'Change password');
    await page.getByText('You changed your password.').waitFor();
    await elsewhere.goto(portal.at('/account'));
    assert.match(elsewhere.url(), /\/login/);
    await fillIn(elsewhere, { 'E-mail address': ANA.email, Password: PASSWORD }, 'Sign in');
    await elsewhere.getByRole('alert').waitFor();
    await fillIn(elsewhere, { Password: fresh }, 'Sign in');
    await elsewhere.waitForURL('**/account');
  });
});

onEveryEngine('signing out ends the session, also for the button Back', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await page.goto(portal.at('/admin/orgs'));
  const [before] = await context.cookies();
  await page.locator('summary', { hasText: 'Account of' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/login');
  await page.goBack();
  await page.waitForURL('**/login**');
  await context.addCookies([before]);
  await page.goto(portal.at('/admin/orgs'));
  assert.match(page.url(), /\/login/, 'a copy of the cookie opens nothing either');
});

onEveryEngine('an address that leads nowhere says so, and leads on', async ({ portal, page, context }) => {
  await asAna(portal, context);
  for (const place of ['/nowhere', '/admin/nowhere', '/admin/orgs/not-an-id', '/org/nobody/dashboard']) {
    assert.equal((await page.goto(portal.at(place))).status(), 404, place);
    await page.getByRole('link', { name: 'Go to the start page' }).click();
    await page.waitForURL('**/admin/orgs');
  }
});

onEveryEngine('somebody with an account joins without a second password', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme', owner: ANA.email });
  await context.clearCookies();
  await page.goto(portal.at(acme.invitation));
  await page.getByRole('link', { name: 'Sign in to join' }).click();
  await fillIn(page, { 'E-mail address': ANA.email, Password: PASSWORD }, 'Sign in');
  await page.getByRole('button', { name: 'Join Acme' }).click();
  await page.waitForURL('**/org/acme/dashboard');
});

onEveryEngine('an invitation opened by somebody else says whose it is not', async ({ portal, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  const beta = await anOrg(portal, context, { name: 'Beta', slug: 'beta' });
  await asNewPerson(portal, beta.invitation, 'Bo', async (page) => {
    await page.goto(portal.at(acme.invitation));
    await page.getByText('You are signed in as owner@beta.example').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Join Acme' }).count(), 0);
  });
});

onEveryEngine('a link that was used leads its person on, and tells nobody else anything', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  const told = async (visitor, place) => {
    const answer = await visitor.goto(portal.at(place));
    return [answer.status(), await visitor.locator('main').innerText()];
  };
  await asNewPerson(portal, acme.invitation, 'Ola', async (owner) => {
    await owner.goto(portal.at(acme.invitation));
    assert.equal(owner.url(), portal.at('/org/acme/dashboard'));
  });
  await withPage(async (stranger) => {
    const used = await told(stranger, acme.invitation);
    assert.deepEqual(used, await told(stranger, `/invitations/${'0'.repeat(64)}`));
    assert.equal(used[0], 404);
    assert.doesNotMatch(used[1], /Acme|Ola/);
    await stranger.getByRole('link', { name: 'Sign in' }).click();
    await stranger.waitForURL('**/login');
  });
  assert.deepEqual(await told(page, acme.invitation), await told(page, '/invitations/none'), 'not even an operator');
});
