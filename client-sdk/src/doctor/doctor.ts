import { nodeCrypto, systemRandom } from '@concordat/node';
import { identityOf } from '../configuration/identity-module.js';
import { proxyOf } from '../configuration/proxy.js';
import { type Overrides, resolveParticipant } from '../configuration/settings.js';
import { KeyStore } from '../keys/key-store.js';
import { wireVersions } from '../transport/check-in.js';
import { type Connection, connect } from '../transport/connection.js';
import { proxiedTransport } from '../transport/proxy.js';
import { type Finding, passed, problem, skipped } from './finding.js';
import { checkLines } from './line-checks.js';
import { checkCertificate, checkDisk, checkNode, checkSettings, checkState, refusedBy } from './place-checks.js';

/** What is examined, and by whose clock. */
export interface DoctorOptions extends Overrides {
  /** The participant's directory. A client may use it meanwhile: nothing is written. */
  readonly directory: string;
  readonly correlationId?: string | undefined;
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
  /** Of Node; the one that runs unless a test says otherwise. */
  readonly nodeVersion?: string;
}

const callMillis = 15_000;

/**
 * Look at everything that a client needs, from the disk to an answer of the coordinator. Nothing is changed, and nothing of a round is
 * sent: a handshake, the question how the coordinator is, and that for the roster.
 */
export async function examine(options: DoctorOptions): Promise<Finding[]> {
  const { directory, environment = {}, wallMillis = Date.now, nodeVersion = process.version } = options;
  const here = [
    checkNode(nodeVersion),
    ...(await checkSettings(options)),
    ...(await checkDisk(directory)),
    ...(await checkState(directory)),
  ];
  let keys: KeyStore;
  try {
    keys = await KeyStore.open(directory, {
      ...{ crypto: nodeCrypto, random: systemRandom, wallMillis },
      ...(await identityOf(options)),
    });
  } catch (error) {
    return [...here, refusedBy('keys', error), skipped('coordinator', 'without keys nobody is asked')];
  }
  const own = [
    passed('keys', `${keys.participantId} of consortium ${keys.enrolment.consortium}`),
    checkCertificate(keys, wallMillis()),
  ];
  let proxy: string | undefined;
  try {
    proxy = await proxyOf((await resolveParticipant(options)).values, environment);
  } catch (error) {
    return [...here, ...own, refusedBy('proxy', error), skipped('coordinator', 'without its user no proxy is asked')];
  }
  const lines = await checkLines({ keys, proxy, environment, wallMillis });
  return [...here, ...own, ...lines, ...(await checkCoordinator({ keys, proxy, lines }, options))];
}

async function checkCoordinator(
  {
    keys,
    proxy,
    lines,
  }: { readonly keys: KeyStore; readonly proxy: string | undefined; readonly lines: readonly Finding[] },
  { correlationId, signal }: DoctorOptions,
): Promise<Finding[]> {
  if (!lines.some(({ check, status }) => check === 'http2' && status === 'passed')) {
    return [skipped('versions', 'no coordinator answers'), skipped('identity', 'no coordinator answers')];
  }
  const connection = connect({
    ...keys.enrolment,
    ...keys.tls,
    coordinatorKey: () => keys.roster.roster.coordinatorKey,
    correlationId,
    ...(proxy === undefined ? {} : { transport: proxiedTransport(proxy) }),
  });
  try {
    const limits = { deadlineMillis: callMillis, signal };
    return [await checkVersions(connection, limits), await checkIdentity(connection, keys, limits)];
  } finally {
    connection.close();
  }
}

type Limits = Parameters<Connection['health']>[0];

async function checkVersions(connection: Connection, limits: Limits): Promise<Finding> {
  try {
    const { state, software, wireVersions: theirs, roundTripMillis } = await connection.health(limits);
    const said = `${software} is ${state}, ${Math.ceil(roundTripMillis)} ms there and back`;
    if (theirs.some((version) => wireVersions.includes(version))) return passed('versions', said);
    return problem(
      'versions',
      `${said}; it speaks wire versions ${theirs.join(', ')}, this client ${wireVersions.join(', ')}`,
      'Bring the older of the two up to date.',
    );
  } catch (error) {
    return refusedBy('versions', error);
  }
}

async function checkIdentity(connection: Connection, keys: KeyStore, limits: Limits): Promise<Finding> {
  try {
    const { roster } = keys.verifyRoster(await connection.getRoster(limits));
    return passed('identity', `known to the coordinator, in roster epoch ${roster.epoch}`);
  } catch (error) {
    return refusedBy('identity', error);
  }
}
