// S5: a slug is unique for ever, and the old one leads on.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { onEveryEngine } from './harness.mjs';
import { anOrg, asAna, asNewPerson, fillIn } from './steps.mjs';

onEveryEngine('every rule of a slug is told as one types, and again by the server', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await anOrg(portal, context, { name: 'Acme GmbH', slug: 'acme' });
  const rules = [
    ['ab', /3 to 40 characters/],
    ['a'.repeat(41), /3 to 40 characters/],
    ['-acme', /only the letters a–z/],
    ['ac_me', /only the letters a–z/],
    ['admin', /reserved/],
    ['ACME', /belongs to .*Acme GmbH/],
  ];
  await page.goto(portal.at('/admin/orgs/new'));
  await page.locator('form.form').evaluate((form) => form.slug.removeAttribute('maxlength'));
  for (const [slug, refusal] of rules) {
    await page.getByLabel('Slug').fill(slug);
    await page.locator('output', { hasText: refusal }).waitFor();
    const form = { command_id: randomUUID(), name: 'Another', slug, owner_email: 'ola@another.example' };
    const answer = await context.request.post(portal.at('/admin/orgs'), { form });
    assert.equal(answer.status(), 422, slug);
    assert.match(await answer.text(), refusal);
  }
});

onEveryEngine('a changed slug takes the old address along, and stays taken', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await asNewPerson(portal, acme.invitation, 'Ola', async (member) => {
    await page.goto(portal.at(acme.page));
    await page.getByRole('link', { name: 'Change slug' }).click();
    await fillIn(page, { Slug: 'apex' }, 'Change the slug of Acme');
    await page.getByRole('status').getByText('You changed the slug of Acme').waitFor();
    await member.goto(portal.at('/org/acme/dashboard'));
    assert.equal(member.url(), portal.at('/org/apex/dashboard'));
  });
  await page.goto(portal.at('/admin/orgs/new'));
  await fillIn(page, { Name: 'Newcomer', Slug: 'acme', "First owner's e-mail address": 'ola@new.example' }, 'Create organisation');
  await page.getByRole('alert').getByText(/the slug acme belongs to “Acme”/i).waitFor();
  assert.equal(await page.getByLabel('Name').inputValue(), 'Newcomer');
});

onEveryEngine('of two people who take a slug at the same moment one wins, and the other is told by whom', async (story) => {
  const { portal, page, context } = story;
  await asAna(portal, context);
  const other = await context.newPage();
  for (const [tab, name] of [[page, 'First'], [other, 'Second']]) {
    await tab.goto(portal.at('/admin/orgs/new'));
    await tab.getByLabel('Name').fill(name);
    await tab.getByLabel('Slug').fill('same');
    await tab.getByLabel("First owner's e-mail address").fill(`ola@${name.toLowerCase()}.example`);
  }
  const button = { name: 'Create organisation' };
  await Promise.all([page, other].map((tab) => tab.getByRole('button', button).click()));
  await Promise.all([page, other].map((tab) => tab.locator('[role=status], [role=alert]').first().waitFor()));
  const told = await Promise.all([page, other].map((tab) => tab.locator('main').innerText()));
  assert.equal(told.filter((text) => /You created (First|Second)/.test(text)).length, 1, told.join('\n---\n'));
  assert.equal(told.filter((text) => /the slug same belongs to “(First|Second)”/i.test(text)).length, 1, told.join('\n---\n'));
  await page.goto(portal.at('/admin/orgs?q=same'));
  await page.locator('.count', { hasText: /^1 organisation$/ }).waitFor();
});
