import { X509Certificate } from 'node:crypto';
import { createCertificateRequest, renewKeyPair, requireRenewedCertificate } from '@concordat/node';
import { type OperatorKeys, operatorPair, restore } from '../consortium-directory.js';
import type { OperatorClient } from '../transport/operator-client.js';

export interface OperatorRenewal {
  /** The consortium's directory, with `operator/` in it. */
  readonly directory: string;
  readonly client: Pick<OperatorClient, 'renew'>;
  readonly keys: OperatorKeys;
}

/**
 * A new TLS key and certificate for the operator, asked for with the old ones.
 *
 * @returns when it runs out, milliseconds since 1970.
 * @throws `verification` when the certificate is another than was asked for; what the call throws.
 */
export async function renewOperatorCertificate({ directory, client, keys }: OperatorRenewal): Promise<number> {
  const { request, privateKeyPem } = await createCertificateRequest();
  const certify = async () => {
    const { operator: id, authorityPem } = keys;
    return requireRenewedCertificate(await client.renew(request), { subject: { role: 'operator', id }, authorityPem });
  };
  const { certificatePem } = await renewKeyPair(operatorPair(directory), { privateKeyPem, certify }, restore);
  return Date.parse(new X509Certificate(certificatePem).validTo);
}
