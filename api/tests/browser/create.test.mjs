// S1: a second customer, without a database client.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { onEveryEngine, withPage } from './harness.mjs';
import { anOrg, asAna, asNewPerson, command, fillIn, PASSWORD } from './steps.mjs';

const GOAL_MS = 30_000;

onEveryEngine('an operator creates an organisation, and its owner sees the dashboard seconds later', async (story) => {
  const { t, engine, portal, page, context } = story;
  await asAna(portal, context);
  await page.goto(portal.at('/admin/orgs/new'));
  await page.getByLabel('Name').pressSequentially('Ünï & Söhne');
  await page.getByText('uni-sohne is available').waitFor();
  assert.equal(await page.getByLabel('Slug').inputValue(), 'uni-sohne');
  const begun = performance.now();
  await fillIn(page, { "First owner's e-mail address": 'ola@uni.example' }, 'Create organisation');
  const link = await page.getByLabel('Invitation link').inputValue();
  const created = performance.now();
  await page.getByRole('heading', { level: 1, name: 'Ünï & Söhne' }).waitFor();

  await withPage(async (owner) => {
    await owner.goto(link);
    await fillIn(owner, { 'Your name': 'Ola Söhne', Password: PASSWORD }, 'Join Ünï & Söhne');
    await owner.waitForURL('**/org/uni-sohne/dashboard');
    await owner.getByRole('heading', { level: 1, name: 'Ünï & Söhne' }).waitFor();
  });
  const seen = performance.now() - begun;
  t.diagnostic(`S1 ${engine}: on its page after ${Math.round(created - begun)} ms, the owner's dashboard after ${Math.round(seen)} ms`);
  assert.ok(seen < GOAL_MS, `${seen} ms`);

  await page.reload();
  const steps = page.locator('.steps li');
  assert.deepEqual(await steps.locator('.step-label').allTextContents(), STEPS);
  assert.equal(await steps.locator('time').count(), STEPS.length, 'every step has its time');
  await page.goto(portal.at('/admin/orgs'));
  assert.match(await page.getByRole('row', { name: /Ünï & Söhne/ }).innerText(), /uni-sohne[\s\S]*ola@uni\.example/);
});
const STEPS = ['Recorded', 'Readable', 'Invitation link made', 'Owner joined', 'Owner signed in'].map((step) => `${step} – done`);

onEveryEngine('whoever creates an organisation is no member of it, and nobody else sees the form', async (story) => {
  const { portal, page, context } = story;
  await asAna(portal, context);
  const org = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await page.goto(portal.at(`${org.page}/members`));
  await page.getByText('Nobody has joined yet.').waitFor();
  assert.equal((await page.goto(portal.at('/org/acme/dashboard'))).status(), 404);
  await asNewPerson(portal, org.invitation, 'Ola', async (owner) => {
    await owner.goto(portal.at('/admin/orgs/new'));
    assert.equal(owner.url(), portal.at('/org/acme/dashboard'));
  });
  await withPage(async (stranger) => {
    await stranger.goto(portal.at('/admin/orgs/new'));
    assert.equal(stranger.url(), portal.at('/login?next=%2Fadmin%2Forgs%2Fnew'));
  });
});

onEveryEngine('a double click makes one organisation, and so does the same form sent twice', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await page.goto(portal.at('/admin/orgs/new'));
  await page.getByLabel('Name').fill('Twice');
  await page.getByLabel("First owner's e-mail address").fill('ola@twice.example');
  await page.getByRole('button', { name: 'Create organisation' }).dblclick();
  await page.getByRole('heading', { level: 1, name: 'Twice' }).waitFor();
  const form = { command_id: randomUUID(), name: 'Once', slug: 'once', owner_email: 'ola@once.example' };
  const answers = await Promise.all([1, 2, 3].map(() => command(portal, context, '/admin/orgs', form)));
  const places = answers.map((answer) => answer.headers().location);
  assert.deepEqual(new Set(places), new Set([places[0]]), 'all of them lead to the same page');
  await page.goto(portal.at('/admin/orgs'));
  await page.locator('.count', { hasText: '2 organisations' }).waitFor();
});

onEveryEngine('a form with mistakes says what is wrong beside each field and loses nothing', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await page.goto(portal.at('/admin/orgs/new'));
  await page.locator('form.form').evaluate((form) => (form.noValidate = true));
  const typed = { Name: 'Acme', Slug: 'a b', "First owner's e-mail address": 'nobody' };
  await fillIn(page, typed, 'Create organisation');
  await page.getByRole('alert').getByText('Some things have to be put right').waitFor();
  await page.locator('.error-summary:focus').waitFor();
  for (const [label, text] of Object.entries(typed)) assert.equal(await page.getByLabel(label).inputValue(), text);
  assert.deepEqual(await page.locator('[aria-invalid="true"]').evaluateAll((all) => all.map((field) => field.name)), ['slug', 'owner_email']);
});

onEveryEngine('without JavaScript an organisation is created and joined all the same', async ({ portal, context }) => {
  await asAna(portal, context);
  const options = { javaScriptEnabled: false };
  const cookies = await context.cookies();
  await withPage(async (page, context) => {
    await context.addCookies(cookies);
    await page.goto(portal.at('/admin/orgs/new'));
    await fillIn(page, { Name: 'Plain Paper', "First owner's e-mail address": 'ola@paper.example' }, 'Create organisation');
    assert.match(await page.locator('main').innerText(), /You created Plain Paper[\s\S]*plain-paper/);
    const link = await page.getByLabel('Invitation link').inputValue();
    await withPage(async (owner) => {
      await owner.goto(link);
      await fillIn(owner, { 'Your name': 'Ola', Password: PASSWORD }, 'Join Plain Paper');
      assert.equal(owner.url(), portal.at('/org/plain-paper/dashboard'));
    }, options);
    await page.reload();
    assert.equal(await page.locator('.steps li[data-done]').count(), STEPS.length);
  }, options);
});

onEveryEngine('an invitation link opens once, and a damaged one opens nothing', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const org = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await withPage(async (page) => {
    const damaged = org.invitation.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    assert.equal((await page.goto(portal.at(damaged))).status(), 404);
    await page.goto(portal.at(org.invitation));
    await fillIn(page, { 'Your name': 'Ola', Password: 'password12' }, 'Join Acme');
    await page.getByRole('alert').getByText('too easy to guess').waitFor();
    assert.equal(await page.getByLabel('Your name').inputValue(), 'Ola');
    await fillIn(page, { Password: PASSWORD }, 'Join Acme');
    await page.waitForURL('**/org/acme/dashboard');
  });
  await page.goto(portal.at(`${org.page}/members`));
  assert.match(await page.getByRole('row', { name: /Ola/ }).innerText(), /owner@acme\.example\s+owner/);
});
