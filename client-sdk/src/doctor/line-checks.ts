import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { parseAddresses } from '@concordat/node';
import type { KeyStore } from '../keys/key-store.js';
import { splitAddress } from '../transport/first-contact.js';
import { type Http2Step, probeLine, type Step, type TlsStep } from '../transport/line-probe.js';
import { parseProxy, proxyOfEnvironment } from '../transport/proxy.js';
import { type Finding, passed, problem, skipped } from './finding.js';
import { refusedBy } from './place-checks.js';

/** Clocks that differ by more than this are set wrong; certificates and approvals bear ten minutes. */
const skewMillisMax = 2 * 60_000;

export interface LineChecks {
  readonly keys: Pick<KeyStore, 'enrolment' | 'tls'>;
  /** The proxy that settings name, its user in it: a secret. */
  readonly proxy?: string | undefined;
  /** What the process was started with: it may name a proxy too, see `proxyOfEnvironment`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly wallMillis: () => number;
}

const passTcpThrough = 'Something on the way knows no HTTP/2: have it pass TCP through.';

/** From the name to an answer, for each address of the coordinators. */
export async function checkLines(checks: LineChecks): Promise<Finding[]> {
  const addresses = parseAddresses(checks.keys.enrolment.address) ?? [checks.keys.enrolment.address];
  const found = await Promise.all(addresses.map((address) => checkLine(address, checks)));
  return found.flat();
}

async function checkLine(address: string, { keys, proxy, environment, wallMillis }: LineChecks): Promise<Finding[]> {
  const { host } = splitAddress(address);
  const { url, finding } = proxyFor(address, { proxy, environment });
  const findings = [await checkName(host, url), finding];
  if (findings[0]!.status === 'problem') return [...findings, skipped('tcp', address), skipped('tls', address)];
  const { tlsAuthoritySha256 } = keys.enrolment;
  const line = await probeLine({
    address,
    proxy: url,
    ...keys.tls,
    tlsAuthoritySha256,
  });
  findings.push(tcpFinding(address, line.tcp, url));
  findings.push(line.tls === undefined ? skipped('tls', address) : tlsFinding(address, line.tls));
  if (line.tls?.unverified === undefined && line.tls?.error === undefined && line.tls !== undefined) {
    findings.push(alpnFinding(address, line.tls, line.http2));
  } else findings.push(skipped('http2', address));
  findings.push(clockFinding(line.http2, wallMillis()));
  return findings;
}

/** @returns a finding alone where what names it is no proxy. */
function proxyFor(
  address: string,
  { proxy, environment }: Pick<LineChecks, 'proxy' | 'environment'>,
): { readonly url: URL | undefined; readonly finding: Finding } {
  try {
    const url = proxy === undefined ? proxyOfEnvironment(splitAddress(address).host, environment) : parseProxy(proxy);
    if (url === undefined) return { url, finding: passed('proxy', `${address} is dialled directly`) };
    const by = proxy === undefined ? 'the environment' : 'the setting proxy';
    return { url, finding: passed('proxy', `${address} is reached through ${url.host}, as ${by} says`) };
  } catch (error) {
    return { url: undefined, finding: refusedBy('proxy', error) };
  }
}

async function checkName(host: string, url: URL | undefined): Promise<Finding> {
  if (isIP(host) !== 0) return passed('dns', `${host} is an address`);
  if (url !== undefined) return passed('dns', `the proxy looks up ${host}`);
  try {
    const found = await lookup(host, { all: true });
    return passed('dns', `${host} is ${found.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    return problem(
      'dns',
      `${host} is not found (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      'Check the address in the enrolment with the operator, and the name server of this machine.',
    );
  }
}

function tcpFinding(address: string, { error }: Step, proxy: URL | undefined): Finding {
  if (error === undefined) return passed('tcp', `${address} takes connections`);
  const { port } = splitAddress(address);
  const fixes: Record<string, string> = {
    ECONNREFUSED: 'Ask the operator whether the coordinator runs, and on this port.',
    deadline: `Have the firewall let connections out to ${address}.`,
    ETIMEDOUT: `Have the firewall let connections out to ${address}.`,
  };
  const usual =
    proxy === undefined ? `Check the network and outbound rules for port ${port}.` : 'Ask whoever runs the proxy.';
  return problem('tcp', `no connection to ${address}: ${error.message}`, fixes[error.code] ?? usual);
}

function tlsFinding(address: string, { error, unverified, isPinned, issuer }: TlsStep): Finding {
  if (error !== undefined && /application protocol/i.test(error.message)) {
    return problem('http2', `what answers at ${address} knows no HTTP/2`, passTcpThrough);
  }
  if (error !== undefined) {
    const speaksNoTls = /wrong version number|packet length too long|http request|unexpected message/i.test(
      error.message,
    );
    return problem(
      'tls',
      speaksNoTls
        ? `what answers at ${address} speaks no TLS`
        : `the TLS handshake with ${address} failed: ${error.message}`,
      speaksNoTls
        ? 'Check the port. Where a load balancer ends TLS before the coordinator, have it pass TCP through instead.'
        : 'A firewall may cut TLS that it cannot read: have it let connections to this address pass unopened.',
    );
  }
  if (unverified === undefined) return passed('tls', `${address} has a certificate of the pinned authority`);
  if (isPinned !== true) {
    return problem(
      'tls',
      `the certificate shown for ${address} was issued by “${issuer}” and not by the consortium’s authority: something on the way opens TLS`,
      `Have TLS inspection make an exception for ${address}; it is mutual TLS, and cannot be opened in between.`,
    );
  }
  const fixes: Record<string, string> = {
    CERT_HAS_EXPIRED:
      'Tell the operator to renew the certificate of the server; look at the clock of this machine too.',
    CERT_NOT_YET_VALID: 'Set the clock of this machine; if it is right, tell the operator.',
    ERR_TLS_CERT_ALTNAME_INVALID: 'Dial a name that is in the certificate, or have the operator add this one.',
  };
  return problem(
    'tls',
    `the server’s certificate is not accepted: ${unverified}`,
    fixes[unverified] ?? 'Ask the operator.',
  );
}

function alpnFinding(address: string, { protocol }: TlsStep, step: Http2Step | undefined): Finding {
  if (protocol !== 'h2') {
    return problem(
      'http2',
      `${address} agreed on ${protocol === 'none' ? 'no protocol' : protocol} instead of HTTP/2`,
      passTcpThrough,
    );
  }
  if (step?.error !== undefined) {
    return problem(
      'http2',
      `HTTP/2 with ${address} broke: ${step.error.message}`,
      'Have what is on the way pass TCP through.',
    );
  }
  if (step?.status === 200 && step.contentType?.startsWith('application/grpc') === true) {
    return passed('http2', `${address} answers gRPC`);
  }
  return problem(
    'http2',
    `${address} answers HTTP ${step?.status ?? 'nothing'} of type ${step?.contentType || 'none'} instead of gRPC`,
    'Something else answers there: check the address, and what proxies it.',
  );
}

function clockFinding(step: Http2Step | undefined, now: number): Finding {
  if (step?.dateMillis === undefined) return skipped('clock', 'nobody said what time it is');
  const skew = Math.round((now - step.dateMillis) / 1000);
  if (Math.abs(skew) * 1000 <= skewMillisMax)
    return passed('clock', `within ${Math.max(1, Math.abs(skew))} s of the coordinator’s`);
  return problem(
    'clock',
    `this machine is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the coordinator`,
    'Have the clock set by NTP; certificates and approvals depend on it.',
  );
}
