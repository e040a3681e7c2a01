import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWebhooks, webhookEvents } from '@concordat/coordinator';
import { expect } from 'chai';

describe('a file of webhooks', () => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-webhooks-'));
    path = join(directory, 'webhooks.yaml');
    writeFileSync(join(directory, 'secret'), 'sixteen bytes ok\n', { mode: 0o600 });
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const read = (text: string, environment = {}) => {
    writeFileSync(path, text);
    return readWebhooks(path, environment);
  };
  const problems = async (text: string, environment = {}) =>
    (await read(text, environment)).problems.map(
      ({ where, setting, required }) => `${where.slice(path.length)} ${setting}: ${required}`,
    );

  it('names receivers, with secrets of files beside it or of the environment', async () => {
    const text =
      'webhooks:\n  - url: https://a.example/x\n    secret: file:secret\n    events: [disputed]\n  - {url: "http://127.0.0.1:1/", secret: "env:HOOK"}\n';
    const { webhooks, problems: none } = await read(text, { HOOK: 'another of sixteen' });
    expect(none).to.deep.equal([]);
    expect(webhooks.map(({ url, secret, events }) => [url, Buffer.from(secret).toString(), events])).to.deep.equal([
      ['https://a.example/x', 'sixteen bytes ok', ['disputed']],
      ['http://127.0.0.1:1/', 'another of sixteen', webhookEvents],
    ]);
  });

  it('sends over plain http to this machine only, unless it says so', async () => {
    const hook = (url: string, more = '') => `webhooks:\n  - url: ${url}\n    secret: file:secret\n${more}`;
    for (const url of ['http://127.0.0.1:80/', 'http://localhost/x', 'http://[::1]:8080/']) {
      expect(await problems(hook(url)), url).to.deep.equal([]);
    }
    for (const url of [
      'http://a.example/',
      'http://127.0.0.1.example/',
      'http://localhost.example/',
      'http://10.0.0.1/',
    ]) {
      expect(await problems(hook(url)), url).to.deep.equal([':2 webhooks.0.url: https, or http to this machine']);
    }
    expect(await problems(hook('http://a.example/', '    allowPlainHttp: true\n'))).to.deep.equal([]);
  });

  it('is told what is wrong with it line by line, and never a secret', async () => {
    const text = 'webhooks:\n  - url: ftp://a.example/\n    secret: hunter2hunter2hunter2\n    evnts: []\n';
    const { problems: found } = await read(text);
    expect(found.map(({ setting }) => setting)).to.deep.equal([
      'webhooks.0.url',
      'webhooks.0.secret',
      'webhooks.0.evnts',
    ]);
    expect(JSON.stringify(found)).not.to.contain('hunter2');
    expect(await problems('webhooks:\n  - {url: "https://a.example/", secret: "env:NONE"}\n')).to.deep.equal([
      ':2 webhooks.0.secret: at least 16 bytes in env:NONE',
    ]);
    chmodSync(join(directory, 'secret'), 0o644);
    expect(await problems('webhooks:\n  - {url: "https://a.example/", secret: "file:secret"}\n')).to.deep.equal([
      ':2 webhooks.0.secret: a secret that can be read',
    ]);
    expect((await readWebhooks(join(directory, 'none.yaml'), {})).problems[0]!.offered).to.equal('nothing');
  });
});
