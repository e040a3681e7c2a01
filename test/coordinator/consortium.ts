import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EnrolOptions, enroll } from '@concordat/client-sdk';
import {
  Coordinator,
  type CoordinatorOptions,
  configurationOf,
  type InitOptions,
  initConsortium,
  OperatorClient,
  type OperatorKeys,
  readOperatorKeys,
  readSettings,
} from '@concordat/coordinator';
import {
  decodeInvitation,
  encodePlan,
  encodeSafetensors,
  FederatedError,
  type Invitation,
  identityFingerprint,
  type NamedTensor,
  type Plan,
  type PlanDraft,
  proveEnrolment,
  type Signer,
  signPlan,
} from '@concordat/core';
import {
  certificatesToPem,
  createCertificateRequest,
  identityFromSeed,
  nodeCrypto,
  type Transport,
  tlsTransport,
} from '@concordat/node';
import {
  type ConcordatPackage,
  errorFromWire,
  errorTrailer,
  guardDefinition,
  loaderOptions,
  protoFiles,
  type wire,
} from '@concordat/proto';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { testPlan } from '../support/test-plan.js';

const definition = guardDefinition(loadSync([...protoFiles], loaderOptions));
const services = (grpc.loadPackageDefinition(definition) as unknown as ConcordatPackage).concordat.v1;

/** TLS material of one client, PEM. */
export interface TlsMaterial {
  readonly authorityPem: string;
  readonly certificatePem?: string;
  readonly privateKeyPem?: string;
}

/** An enrolled organization in a test: its keys and its connection. */
export interface Member {
  readonly id: string;
  readonly signer: Signer;
  readonly tls: TlsMaterial;
  readonly stubs: Stubs;
}

export type Stubs = ReturnType<typeof connect>;

/** Plain gRPC stubs, as anybody could make them. */
export function connect(address: string, tls: TlsMaterial, transport: Transport = tlsTransport) {
  const channelOverride = transport.channel(address, tls, { 'grpc.use_local_subchannel_pool': 1 });
  const shared = [address, grpc.credentials.createInsecure(), { channelOverride }] as const;
  return {
    Membership: new services.Membership(...shared),
    Plans: new services.Plans(...shared),
    Rounds: new services.Rounds(...shared),
    Blobs: new services.Blobs(...shared),
    Results: new services.Results(...shared),
    Runs: new services.Runs(...shared),
    Health: new services.Health(...shared),
  };
}

export function disconnect(stubs: Stubs): void {
  for (const client of Object.values(stubs)) client.close();
}

/** Call a unary method by name. @throws FederatedError as the SDK would see it. */
export function call<Reply>(client: grpc.Client, method: string, request: object): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const stub = client as unknown as Record<string, (...args: unknown[]) => unknown>;
    stub[method]!(request, { deadline: Date.now() + 10_000 }, (error: grpc.ServiceError | null, reply: Reply) => {
      if (error === null) resolve(reply);
      else reject(federated(error));
    });
  });
}

export function federated(error: grpc.ServiceError): FederatedError {
  return errorFromWire(
    { code: error.code, details: error.details, envelope: error.metadata?.get(errorTrailer)[0] },
    error,
  );
}

/** `code`, or `code rule` when the refusal names a rule; `nothing` when the work succeeded. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'nothing';
  } catch (error) {
    if (!(error instanceof FederatedError)) return String(error);
    const { rule } = error.detail;
    return rule === undefined ? error.code : `${error.code} ${String(rule)}`;
  }
}

/** A consortium on the loopback, in a temporary directory, with its coordinator running. */
export class TestConsortium {
  readonly directory: string;
  coordinator!: Coordinator;
  operator!: OperatorClient;
  operatorKeys!: OperatorKeys;
  readonly #members: Member[] = [];
  /** Milliseconds added to everybody's wall clock. */
  skewMillis = 0;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** @param names of the server certificate. @param founding what else `init` is told. */
  static async open(
    options: Partial<CoordinatorOptions> = {},
    names = ['127.0.0.1'],
    founding: Partial<InitOptions> = {},
  ): Promise<TestConsortium> {
    const consortium = new TestConsortium(mkdtempSync(join(tmpdir(), 'concordat-coordinator-')));
    await initConsortium({
      directory: consortium.directory,
      consortium: 'demo',
      address: '127.0.0.1:0',
      listenHost: '127.0.0.1',
      names,
      ...founding,
    });
    await consortium.start(options);
    return consortium;
  }

  async start(options: Partial<CoordinatorOptions> = {}): Promise<void> {
    const { directory } = this;
    const wallMillis = () => Date.now() + this.skewMillis;
    this.coordinator = await Coordinator.start({
      directory,
      configuration: configurationOf(await readSettings({ flags: { directory } })),
      wallMillis,
      ...options,
    });
    this.operatorKeys = await readOperatorKeys(directory);
    this.operator = new OperatorClient({ ...this.operatorKeys, address: this.coordinator.address });
  }

  async restart(options: Partial<CoordinatorOptions> = {}): Promise<void> {
    this.operator.close();
    await this.coordinator.stop();
    await this.start(options);
  }

  async close(): Promise<void> {
    this.operator.close();
    for (const { stubs } of this.#members) disconnect(stubs);
    await this.coordinator.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async invite(id: string, organization = id, validMillis = 0): Promise<Invitation> {
    return decodeInvitation(await this.operator.invite(id, organization, validMillis));
  }

  /** Invite a participant, enrol it with the SDK in `directory`, and admit it. */
  async enrol(id: string, directory: string, change: Partial<EnrolOptions> = {}): Promise<void> {
    const invitation = await this.operator.invite(id, id, 0);
    const onPending = (fingerprint: string) => void this.operator.admit(id, fingerprint);
    await enroll({ invitation, directory, pollMillis: 1, onPending, ...change });
  }

  /** Enrol and admit, over the wire. */
  async join(id: string): Promise<Member> {
    const invitation = await this.invite(id);
    const signer = identityFromSeed(nodeCrypto.sha256(Buffer.from(`identity of ${id}`)));
    const { request, privateKeyPem } = await enrolRequest(invitation, signer);
    const { authorityPem } = this.operatorKeys;
    const anonymous = connect(this.coordinator.address, { authorityPem });
    await call(anonymous.Membership, 'Enroll', request);
    await this.operator.admit(id, identityFingerprint(nodeCrypto, signer.publicKey));
    const admitted = await call<wire.EnrollReply__Output>(anonymous.Membership, 'Enrollment', {
      participantId: id,
      invitationSecret: invitation.secret,
    });
    disconnect(anonymous);
    const certificatePem = certificatesToPem(...admitted.certificateChain);
    const tls = { authorityPem, certificatePem, privateKeyPem };
    const member = { id, signer, tls, stubs: connect(this.coordinator.address, tls) };
    this.#members.push(member);
    return member;
  }

  /** Upload a model and propose a plan for it. */
  async propose(draft: Partial<PlanDraft> = {}): Promise<{ readonly plan: Plan; readonly planHash: Uint8Array }> {
    const plan = await this.plan(draft);
    const planHash = await this.operator.propose(signPlan(nodeCrypto, this.operatorKeys.operatorKey, encodePlan(plan)));
    return { plan, planHash };
  }

  async plan(draft: Partial<PlanDraft> = {}): Promise<Plan> {
    const topology = Buffer.from('{"class_name":"Sequential"}');
    for (const blob of [topology, encodeSafetensors(smallModel)]) await this.operator.put(blob);
    return testPlan(
      { topology, tensors: smallModel },
      {
        cohort: { min: 4, size: 4, max: 5 },
        reportingGoal: 4,
        clippingNorm: 4,
        deadlines: { selectMillis: 50, readyMillis: 10_000, stepMillis: 2_000, graceMillis: 100 },
        ...draft,
      },
    );
  }
}

/** 40,000 parameters, so that an upload is several chunks. */
export const smallModel: readonly NamedTensor[] = [
  { name: 'dense/kernel', shape: [200, 199], values: new Float32Array(200 * 199).fill(0.5) },
  { name: 'dense/bias', shape: [200], values: new Float32Array(200).fill(-0.25) },
];

/** What the SDK would send for an invitation. */
export async function enrolRequest(invitation: Invitation, signer: Signer) {
  const { request: certificateRequest, privateKeyPem } = await createCertificateRequest();
  const { consortium, participantId, organization, secret } = invitation;
  const request = {
    consortium,
    participantId,
    organization,
    invitationSecret: secret,
    certificateRequest,
    identityKey: signer.publicKey,
    identityProof: proveEnrolment(nodeCrypto, signer, { consortium, participantId, certificateRequest }),
    clockMillis: Date.now(),
  };
  return { request, privateKeyPem };
}
