import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { enroll } from '@concordat/client-sdk';
import { Coordinator, initConsortium, OperatorClient, readOperatorKeys } from '@concordat/coordinator';
import {
  type CertifiedKey,
  certificatesToPem,
  createCertificateRequest,
  createTlsAuthority,
  issueClientCertificate,
  issueServerCertificate,
  nodeCrypto,
} from '@concordat/node';
import { seededRandom } from '@concordat/sim';
import { wallStart } from './virtual-clock.js';

const wallMillis = () => wallStart;
const keyFile = { mode: 0o600 };

/**
 * Found a consortium with these participants, from its seed: the same identities, the same roster, byte for byte. Only TLS keys are
 * new each time, valid today, and nothing that is journalled or signed depends on them.
 *
 * @param directory gets `consortium/` and one directory for each participant.
 */
export async function found(directory: string, participants: readonly string[], seed: number): Promise<void> {
  const consortium = join(directory, 'consortium');
  const random = (purpose: string) => seededRandom(nodeCrypto, seed, `founding/${purpose}`);
  const place = { consortium: 'stage', address: '127.0.0.1:0', listenHost: '127.0.0.1', names: ['127.0.0.1'] };
  await initConsortium({ directory: consortium, ...place, random: random('init'), wallMillis });
  const authority = await renewTls(consortium);
  const coordinator = await Coordinator.start({
    directory: consortium,
    random: random('enrolment'),
    wallMillis,
  });
  const operator = new OperatorClient({ ...(await readOperatorKeys(consortium)), address: coordinator.address });
  try {
    for (const id of participants) {
      const invitation = await operator.invite(id, `${id} research`, 0);
      const own = join(directory, id);
      await enroll({
        invitation,
        directory: own,
        pollMillis: 1,
        random: random(id),
        wallMillis,
        onPending: (fingerprint) => void operator.admit(id, fingerprint),
      });
      await renewCertificate(own, authority, id);
    }
  } finally {
    operator.close();
    await coordinator.stop();
  }
}

/** A fresh copy of what was founded: each run of a scenario begins with the same disks. */
export async function copyFounded(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true });
}

/** Issued at the scenario's date they would have run out. */
async function renewTls(consortium: string): Promise<CertifiedKey> {
  const now = Date.now();
  const authority = await createTlsAuthority({ consortium: 'stage', now });
  const server = await issueServerCertificate(authority, { names: ['127.0.0.1'], now });
  const { request, privateKeyPem } = await createCertificateRequest();
  const subject = { role: 'operator', id: 'operator' } as const;
  const leaf = await issueClientCertificate(authority, request, { subject, now });
  const write = (file: string, text: string) => writeFile(join(consortium, file), text, keyFile);
  await write('coordinator/tls-authority-key.pem', authority.privateKeyPem);
  await write('coordinator/tls-authority.pem', authority.certificatePem);
  await write('coordinator/tls-key.pem', server.privateKeyPem);
  await write('coordinator/tls-certificate.pem', server.certificatePem + authority.certificatePem);
  await write('operator/tls-key.pem', privateKeyPem);
  await write('operator/tls-certificate.pem', certificatesToPem(leaf));
  await write('operator/tls-authority.pem', authority.certificatePem);
  return authority;
}

async function renewCertificate(directory: string, authority: CertifiedKey, id: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const { request, privateKeyPem } = await createCertificateRequest();
  const subject = { role: 'participant', id } as const;
  const leaf = await issueClientCertificate(authority, request, { subject, now: Date.now() });
  await writeFile(join(directory, 'tls.key'), privateKeyPem, keyFile);
  await writeFile(join(directory, 'certificate.pem'), certificatesToPem(leaf) + authority.certificatePem, keyFile);
}
