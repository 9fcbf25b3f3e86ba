// Every page in daylight, in the dark and on a telephone, without a barrier for anybody. What a page looks like does
// not depend on the engine, so one of them is enough.

import { look, onEveryEngine, withPage } from './harness.mjs';
import { ANA, anOrg, asAna, asNewPerson, command, holder, invite, join, send } from './steps.mjs';

const once = { engines: ['sqlite'] };

/** Sends a form as the page itself would, so that the answer is on the page. */
async function sendFrom(page, form) {
  await page.locator('form.form, main form').first().evaluate((element, values) => {
    element.noValidate = true;
    for (const [name, value] of Object.entries(values)) element.elements[name].value = value;
    element.requestSubmit();
  }, form);
  await page.getByRole('alert').waitFor();
}

onEveryEngine('the way in has no barriers', async ({ portal, page, context }) => {
  await page.goto(await portal.setupUrl());
  await look(page, 'setup');
  await asAna(portal, context);
  await page.goto(portal.at('/admin/orgs'));
  await look(page, 'orgs-empty');
  const acme = await anOrg(portal, context, { name: 'Acme International', slug: 'acme' });
  await withPage(async (page, theirs) => {
    await page.goto(portal.at('/login'));
    await look(page, 'login');
    await sendFrom(page, { email: ANA.email, password: 'wrong wrong wrong' });
    await look(page, 'login-wrong');
    await page.goto(portal.at(acme.invitation));
    await look(page, 'invitation');
    await sendFrom(page, { name: '', password: 'short' });
    await look(page, 'invitation-wrong');
    await join(portal, theirs, acme.invitation, 'Ola Berg');
    await theirs.clearCookies();
    await page.goto(portal.at(acme.invitation));
    await look(page, 'invitation-used');
  });
  await page.goto(portal.at('/account'));
  await look(page, 'account');
  await page.getByRole('link', { name: 'Show all' }).click();
  await page.getByRole('heading', { name: 'Sign-in activity' }).waitFor();
  await look(page, 'account-activity');
  await page.goto(portal.at('/admin/history/sign-ins'));
  await look(page, 'sign-ins');
  await page.goto(portal.at(`${acme.page}/access`));
  await look(page, 'operator-access');
}, once);

onEveryEngine('the console has no barriers', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const orgs = {};
  for (const [name, slug] of CUSTOMERS) orgs[slug] = await anOrg(portal, context, { name, slug });
  const { acme, umbra, vela } = orgs;
  await asNewPerson(portal, acme.invitation, 'Ola Berg', async () => {});
  await invite(portal, context, acme, 'per@acme.example', 'admin');
  await command(portal, context, `${umbra.page}/suspension`, { reason: 'Three invoices are unpaid since May.' });
  await command(portal, context, `${vela.page}/archive`, { reason: 'The contract has ended.' });
  await command(portal, context, `${acme.page}/protection`);
  await command(portal, context, `${orgs.nova.page}/name`, { name: 'Nova & Daughters' });

  await page.goto(portal.at('/admin/orgs/new'));
  await look(page, 'org-new');
  await sendFrom(page, { name: 'Acme', slug: 'acme', owner_email: 'ola' });
  await look(page, 'org-new-wrong');
  await page.goto(portal.at('/admin/orgs/new'));
  await page.getByLabel('Name').fill('Zephyr Marine');
  await page.getByLabel("First owner's e-mail address").fill('captain@zephyr.example');
  await page.getByRole('button', { name: 'Create organisation' }).click();
  await page.getByLabel('Invitation link').waitFor();
  await look(page, 'org-created');

  const places = {
    orgs: '/admin/orgs',
    'orgs-nothing': '/admin/orgs?q=zebra',
    org: acme.page,
    'org-members': `${acme.page}/members`,
    'org-history': `${acme.page}/history`,
    'org-access': `${acme.page}/access`,
    'org-suspended': umbra.page,
    'org-archived': vela.page,
    'org-rename': `${acme.page}/name`,
    'org-invite': `${acme.page}/invitations`,
    suspend: `${acme.page}/suspension`,
    reinstate: `${umbra.page}/reinstatement`,
    history: '/admin/history',
  };
  for (const [name, place] of Object.entries(places)) {
    await page.goto(portal.at(place));
    await look(page, name);
  }
  await command(portal, context, `${acme.page}/suspension`, { reason: 'Meant to be another organisation.', confirmed: 'acme' });
  await page.goto(portal.at(acme.page));
  await look(page, 'org-timer');
  await page.goto(portal.at(`${acme.page}/confirmation`));
  await look(page, 'org-confirmation');
  await command(portal, context, `${acme.page}/reinstatement`);
  await send(portal, context, `${acme.page}/reason`, { reason: 'Ticket 4711: nobody can sign in since noon.' });
  await page.goto(portal.at(`${acme.page}/access`));
  await look(page, 'org-access-why');
  await page.goto(portal.at(`${acme.page}/name`));
  await command(portal, context, `${acme.page}/name`, { name: 'Acme Group' });
  await page.getByLabel('Name').fill('Acme Worldwide');
  await page.getByRole('button', { name: /Rename/ }).click();
  await page.getByText('Somebody changed this').waitFor();
  await look(page, 'conflict');
}, once);

onEveryEngine('the pages of superadmins have no barriers', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await page.goto(portal.at('/admin/superadmins'));
  await look(page, 'superadmins-one');
  await page.getByRole('link', { name: 'Revoke' }).click();
  await look(page, 'superadmin-last');
  await page.goto(portal.at('/admin/superadmins/new'));
  await look(page, 'superadmin-new');
  await sendFrom(page, { email: 'nina', role: 'auditor', reason: 'short' });
  await look(page, 'superadmin-new-wrong');
  const give = (email, role) =>
    command(portal, context, '/admin/superadmins/new', { email, role, reason: 'Shares the night shifts with Ana.' });
  for (const [email, role] of [['olga@portal.example', 'auditor'], ['per@portal.example', 'superadmin']]) await give(email, role);
  await page.goto(portal.at('/admin/superadmins'));
  await holder(page, 'per@portal.example').getByRole('link', { name: 'Revoke' }).click();
  await look(page, 'superadmin-revoke');
  await page.getByLabel('Reason').fill('Has left for another company.');
  await page.getByRole('button', { name: 'Revoke superadmin of per@portal.example' }).click();
  await page.getByRole('status').getByText('You revoked').waitFor();
  await give('nina@portal.example', 'superadmin');
  await page.reload();
  await look(page, 'superadmins');
  await holder(page, 'Ana Lind').getByRole('link', { name: 'Revoke' }).click();
  await look(page, 'superadmin-revoke-oneself');
}, once);

onEveryEngine('the pages of reference data have no barriers', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const orgs = {};
  for (const [name, slug] of CUSTOMERS) orgs[slug] = await anOrg(portal, context, { name, slug });
  const place = '/admin/reference-data';
  await page.goto(portal.at(place));
  await look(page, 'reference-empty');
  await page.goto(portal.at(`${place}/new`));
  await look(page, 'reference-new');
  for (const box of await page.getByRole('checkbox').all()) await box.uncheck();
  await sendFrom(page, { code: 'pro-ject', label: '' });
  await look(page, 'reference-new-wrong');
  const types = [
    ['project', 'Project', 'What people work on together, from the first sketch to the invoice.', 'everywhere'],
    ['document.template', 'Document template', 'The letterhead and the words that every document begins with.', 'new_only'],
    ['time_entry', 'Time entry', '', 'opt_in'],
  ];
  for (const [code, label, description, spread] of types) {
    await command(portal, context, `${place}/new`, { code, label, description, action: 'read', spread });
  }
  await change(page, portal.at(`${place}/project/actions`), () => page.getByRole('checkbox').first().check());
  await change(page, portal.at(`${place}/time_entry/deactivation`), () => page.getByLabel('Reason').fill('Nobody has asked for it since May.'));
  await look(page, 'reference-deactivated');
  await command(portal, context, `${orgs.acme.page}/resource-types/document.template/choice`, { choice: 'opted_in' });
  const places = {
    'org-types': `${orgs.acme.page}/resource-types`,
    'reference-data': place,
    'reference-detail': `${place}/project`,
    'reference-actions': `${place}/project/actions`,
    'reference-spread': `${place}/project/spread`,
    'reference-deactivation': `${place}/project/deactivation`,
    'reference-reactivation': `${place}/time_entry/reactivation`,
  };
  for (const [name, place] of Object.entries(places)) {
    await page.goto(portal.at(place));
    await look(page, name);
  }
}, once);

/** Fills in a form as `edit` does, and sends it. */
async function change(page, place, edit) {
  await page.goto(place);
  await edit();
  await page.locator('form.form [type=submit], form.form button').first().click();
  await page.getByRole('status').waitFor();
}

onEveryEngine('the pages of roles for a time and on request have no barriers', async ({ portal: first, database, page, context }) => {
  await asAna(first, context);
  await first.stop();
  await database.run('grant', 'bo@portal.example', '--reason', 'Somebody has to approve.');
  await database.run('grant', 'olga@portal.example', '--role', 'auditor', '--days', '3', '--reason', 'The audit of this year.');
  const env = { PORTAL_GRANT_APPROVAL: 'yes', PORTAL_GRANT_MAX_DAYS: '30' };
  const portal = await first.again({ env });
  const ask = (email, more) =>
    command(portal, context, '/admin/superadmins/new', { email, role: 'superadmin', reason: 'Shares the night shifts with Ana.', lasting: '28800', ...more });
  await page.goto(portal.at('/admin/superadmins'));
  await look(page, 'superadmins-nobody-asks');
  for (const email of ['nina@portal.example', 'per@portal.example', 'quentin@portal.example']) await ask(email);
  await page.goto(portal.at('/admin/superadmins'));
  await holder(page, 'per@portal.example', 'Requests').getByRole('link', { name: 'Withdraw' }).click();
  await look(page, 'superadmin-request-withdraw');
  await page.getByRole('button', { name: 'Withdraw superadmin' }).click();
  await page.getByRole('status').getByText('You withdrew').waitFor();
  await look(page, 'superadmins-requests');
  const own = await holder(page, 'nina@portal.example', 'Requests').getByRole('link', { name: 'Withdraw' }).getAttribute('href');
  await page.goto(portal.at(own.replace('withdrawal', 'approval')));
  await look(page, 'superadmin-request-own');
  await page.goto(portal.at(own.replace('withdrawal', 'refusal')));
  await look(page, 'superadmin-request-decline');
  await page.goto(portal.at('/admin/superadmins'));
  await holder(page, 'olga@portal.example').getByRole('link', { name: 'Change' }).click();
  await page.getByLabel('For how long').selectOption('until a date');
  await page.getByText('Begin later than now').click();
  await look(page, 'superadmin-change');
  await sendFrom(page, { until: '2001-01-01T10:00', reason: 'short' });
  await look(page, 'superadmin-change-wrong');
  await page.goto(portal.at('/account'));
  await look(page, 'account-roles');
  await portal.stop();
}, once);

const CUSTOMERS = [
  ['Acme International', 'acme'],
  ['Birkenhof Genossenschaft', 'birkenhof'],
  ['Crème & Söhne', 'creme'],
  ['Nova', 'nova'],
  ['Umbra Lighting', 'umbra'],
  ['Vela', 'vela'],
  ['日本の庭', 'nihon-no-niwa'],
];

onEveryEngine("a customer's pages have no barriers", async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme International', slug: 'acme', owner: 'ola@berg.example' });
  const beta = await anOrg(portal, context, { name: 'Beta Bakery', slug: 'beta', owner: 'ola@berg.example' });
  const gamma = await anOrg(portal, context, { name: 'Gamma Gardens', slug: 'gamma' });
  const more = await invite(portal, context, gamma, 'ola@berg.example', 'admin');
  const per = await invite(portal, context, acme, 'per@acme.example', 'member');
  await asNewPerson(portal, per, 'Per Holm', async () => {});
  await asNewPerson(portal, acme.invitation, 'Ola Berg', async (page, theirs) => {
    for (const place of ['/org/acme/dashboard', '/org/acme/members', '/org/acme/activity']) {
      await page.goto(portal.at(place));
      await look(page, `customer-${place.split('/').at(-1)}`);
    }
    await send(portal, context, `${acme.page}/reason`, { reason: 'Ticket 4711: nobody can sign in since noon.' });
    for (const place of [acme.page, `${acme.page}/members`]) await context.request.get(portal.at(place));
    await page.goto(portal.at('/org/acme/activity?of=operators'));
    await page.waitForTimeout(400); // looks are written down together
    await page.reload();
    await look(page, 'customer-operators');
    for (const invitation of [beta.invitation, more]) await join(portal, theirs, invitation);
    await command(portal, context, `${gamma.page}/suspension`, { reason: 'Three invoices are unpaid since May.' });
    await send(portal, theirs, '/organisations/default', { slug: 'beta' });
    await page.goto(portal.at('/organisations/select'));
    await look(page, 'picker');
    await page.goto(portal.at('/org/acme/dashboard'));
    await page.locator('.switcher summary').click();
    await look(page, 'switcher');
    await page.goto(portal.at('/org/gamma/dashboard'));
    await look(page, 'suspended');
    for (const org of [acme, beta, gamma]) {
      await command(portal, context, `${org.page}/archive`, { reason: 'The contract has ended.' });
    }
    await page.goto(portal.at('/organisations/select'));
    await look(page, 'picker-none');
  });
  const again = await anOrg(portal, context, { name: 'Dreamineering', slug: 'dreamineering', owner: ANA.email });
  await join(portal, context, again.invitation);
  await page.goto(portal.at('/organisations/select'));
  await look(page, 'picker-operator');
}, once);

onEveryEngine('what went wrong is told without barriers', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await page.goto(portal.at(`${acme.page}/name`));
  const form = await page.locator('form.form').evaluate((element) => Object.fromEntries(new FormData(element)));
  await send(portal, context, `${acme.page}/name`, { ...form, name: 'Apex' });
  const wrong = [
    [403, (page) => page.goto(`data:text/html,<form method=post action=${portal.at('/login')}><button>Go</button></form>`)],
    [404, (page) => page.goto(portal.at('/nowhere'))],
    [405, (page) => post(page, portal.at('/admin/history'), {})],
    [409, (page) => post(page, portal.at(`${acme.page}/name`), { ...form, name: 'Something else' })],
    [413, (page) => post(page, portal.at('/login'), { email: 'x'.repeat(2_000_000), password: 'x' })],
    [422, (page) => post(page, portal.at('/login'), { unknown: 'field' })],
  ];
  for (const [status, provoke] of wrong) {
    await page.goto(portal.at('/admin/orgs'));
    await provoke(page);
    if (status === 403) await page.getByRole('button', { name: 'Go' }).click();
    await page.getByText(`Error ${status}`).waitFor();
    await look(page, `error-${status}`);
  }
  const guess = { email: 'nobody@portal.example', password: 'wrong wrong wrong' };
  await withPage(async (page, theirs) => {
    for (let tries = 0; tries < 10; tries += 1) await theirs.request.post(portal.at('/login'), { form: guess });
    await page.goto(portal.at('/login'));
    await post(page, portal.at('/login'), guess);
    await page.getByText('Error 429').waitFor();
    await look(page, 'error-429');
  });
}, once);

/** Sends a form that no page of the product has. */
function post(page, action, values) {
  return page.evaluate(([action, values]) => {
    const form = Object.assign(document.createElement('form'), { method: 'post', action });
    for (const [name, value] of Object.entries(values)) {
      form.append(Object.assign(document.createElement('input'), { name, value }));
    }
    document.body.append(form);
    form.submit();
  }, [action, values]);
}
