// More than a password: codes from an app, recovery codes, passkeys, and a portal that wants them of its operators.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { look, onEveryEngine, withPage } from './harness.mjs';
import { ANA, anOrg, asAna, fillIn, PASSWORD } from './steps.mjs';

const wanted = { env: { PORTAL_REQUIRE_SECOND_FACTOR: 'true' } };
const named = { host: 'localhost' };

/** What an app shows that has this secret (RFC 6238), some steps of 30 seconds from now. */
function code(secret, steps = 0) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replaceAll(' ', '')].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', key).update(step).digest();
  const number = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

async function typeLogin(page, portal) {
  await page.goto(portal.at('/login'));
  await fillIn(page, { 'E-mail address': ANA.email, Password: PASSWORD }, 'Sign in');
}

/** Sets up codes from the page of the second factor; gives the secret and the recovery codes. */
async function setUp(page) {
  await page.getByRole('button', { name: 'Set up codes' }).click();
  const secret = await page.locator('.copyable code').innerText();
  await fillIn(page, { Code: code(secret) }, 'Turn on the second factor');
  await page.getByRole('heading', { name: 'Recovery codes' }).waitFor();
  return { secret, codes: await page.locator('.codes code').allInnerTexts() };
}

onEveryEngine('codes are set up, asked for, and replaced by a recovery code', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await page.goto(portal.at('/account'));
  await page.getByRole('link', { name: 'Set up a second factor' }).click();
  await look(page, 'second-factor');
  await page.getByRole('button', { name: 'Set up codes' }).click();
  await page.getByRole('img', { name: /QR code/ }).waitFor();
  await look(page, 'second-factor-secret');
  await fillIn(page, { Code: '000000' }, 'Turn on the second factor');
  await page.getByRole('alert').getByText('this is not the code').waitFor();
  await look(page, 'second-factor-wrong');
  const secret = await page.locator('.copyable code').innerText();
  const taken = code(secret);
  await fillIn(page, { Code: taken }, 'Turn on the second factor');
  await page.getByText('shown now and never again').waitFor();
  await look(page, 'recovery-codes');
  const codes = await page.locator('.codes code').allInnerTexts();
  assert.equal(new Set(codes).size, 10);
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()]);
  assert.equal(file.suggestedFilename(), 'portal-recovery-codes.txt');
  assert.ok((await readFile(await file.path(), 'utf8')).includes(codes.join('\n')));
  await page.getByRole('link', { name: 'I have saved them' }).click();
  await look(page, 'account-second-factor');
  await page.goto(portal.at('/account/second-factor'));
  await look(page, 'second-factor-on');

  await withPage(async (theirs) => {
    await theirs.goto(portal.at('/account'));
    await fillIn(theirs, { 'E-mail address': ANA.email, Password: PASSWORD }, 'Sign in');
    await theirs.getByRole('heading', { name: 'Enter a code' }).waitFor();
    await theirs.locator('[name="code"]:focus').waitFor();
    await look(theirs, 'login-code');
    await fillIn(theirs, { Code: taken }, 'Sign in');
    await theirs.getByRole('alert').getByText('used before').waitFor();
    await look(theirs, 'login-code-wrong');
    await fillIn(theirs, { Code: codes[3].toUpperCase() }, 'Sign in');
    await theirs.waitForURL(portal.at('/account'));
    await theirs.goto(portal.at('/account/second-factor'));
    await theirs.getByText('9 of 10').waitFor();
    await theirs.getByRole('button', { name: 'Turn off the second factor' }).click();
    await theirs.getByText('You turned off the second factor.').waitFor();
  });
});

onEveryEngine('a portal that wants a second factor leads its operators to it', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await page.goto(portal.at('/admin/orgs'));
  await page.getByText('The operator console requires a second factor.').waitFor();
  assert.equal(page.url(), portal.at('/account/second-factor'));
  await look(page, 'second-factor-wanted');
  await setUp(page);
  await page.goto(portal.at('/admin/orgs'));
  await page.getByRole('heading', { name: 'Organisations' }).waitFor();
}, wanted);

/** What people carry: a device that makes sure who holds it, and always finds the right one. */
async function authenticator(page, context) {
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
  const become = (isUserVerified) => devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
  return { become };
}

onEveryEngine('a passkey is added, signs in, confirms what is grave, and is removed', async ({ database, portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  const device = await authenticator(page, context);
  await page.goto(portal.at('/account'));
  await database.timePasses(16);
  await page.getByLabel('Name of the new passkey').fill('Ana’s telephone');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByText('You are about to add a passkey.').waitFor();
  await fillIn(page, { Password: PASSWORD }, 'Confirm and go on');
  await page.getByText('You added a passkey.').waitFor();
  await page.getByRole('table', { name: 'Passkeys' }).getByRole('row', { name: /Ana’s telephone/ }).waitFor();
  await look(page, 'account-passkey');

  await page.getByLabel('Name of the new passkey').fill('The same once more');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByText('This device has a passkey for you already.').first().waitFor();

  await context.clearCookies();
  await page.goto(portal.at('/account'));
  await look(page, 'login-passkey');
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  assert.match(page.url(), /\/account$/, 'it goes on to where it was wanted');

  await database.timePasses(16);
  await page.goto(portal.at(`${acme.page}/suspension`));
  await fillIn(page, { Reason: 'Three invoices are unpaid.' }, 'Suspend Acme');
  await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
  await look(page, 'sudo-passkey');
  await device.become(false);
  await page.getByRole('button', { name: 'Confirm with a passkey' }).click();
  await page.getByText('No passkey was used.').first().waitFor();
  await device.become(true);
  await page.getByRole('button', { name: 'Confirm with a passkey' }).click();
  await page.getByRole('status').getByText('You suspended Acme').waitFor();

  await page.goto(portal.at('/account'));
  await page.getByRole('button', { name: 'Remove Ana’s telephone' }).click();
  await page.getByText('You removed a passkey.').waitFor();
  await context.clearCookies();
  await page.goto(portal.at('/login'));
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('alert').getByText('This passkey is not known here.').waitFor();
  await typeLogin(page, portal);
  await page.waitForURL('**/admin/orgs');
}, named);

onEveryEngine('a passkey is a second factor where one is wanted, and a password beside it is not', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await authenticator(page, context);
  await page.goto(portal.at('/admin/orgs'));
  await page.getByText('The operator console requires a second factor.').waitFor();
  await page.goto(portal.at('/account'));
  await page.getByLabel('Name of the new passkey').fill('Key');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByText('You added a passkey.').waitFor();
  await page.goto(portal.at('/admin/orgs'));
  await page.getByRole('heading', { name: 'Organisations' }).waitFor();

  await context.clearCookies();
  await typeLogin(page, portal);
  await page.getByText('You signed in with a password only.').waitFor();
  await look(page, 'second-factor-password-only');
  await page.getByRole('button', { name: 'Show your passkey' }).click();
  await page.getByRole('heading', { name: 'Organisations' }).waitFor();
  await context.clearCookies();
  await page.goto(portal.at('/login'));
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('heading', { name: 'Organisations' }).waitFor();
}, { ...named, ...wanted });
