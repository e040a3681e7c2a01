/** What a connection may be. `anonymous` has no certificate that the roster knows. */
export type Role = 'anonymous' | 'participant' | 'operator';

const anyone: readonly Role[] = ['anonymous', 'participant', 'operator'];
const members: readonly Role[] = ['participant', 'operator'];
const participants: readonly Role[] = ['participant'];
const operators: readonly Role[] = ['operator'];

/** Method → who may call it. A method that is not here does not exist. Checked before the body is read. */
export const authorization: Readonly<Record<string, readonly Role[]>> = {
  '/grpc.health.v1.Health/Check': anyone,
  '/grpc.health.v1.Health/Watch': operators,
  '/grpc.health.v1.Health/List': operators,
  '/concordat.v1.Health/Check': anyone,
  '/concordat.v1.Membership/Enroll': anyone,
  '/concordat.v1.Membership/Enrollment': anyone,
  '/concordat.v1.Membership/Roster': members,
  '/concordat.v1.Membership/Renew': members,
  '/concordat.v1.Membership/Invite': operators,
  '/concordat.v1.Membership/Participants': operators,
  '/concordat.v1.Membership/Admit': operators,
  '/concordat.v1.Membership/Change': operators,
  '/concordat.v1.Plans/Propose': operators,
  '/concordat.v1.Plans/Get': members,
  '/concordat.v1.Blobs/Put': operators,
  '/concordat.v1.Blobs/Get': members,
  '/concordat.v1.Blobs/BeginMaskedUpdate': participants,
  '/concordat.v1.Blobs/UploadMaskedUpdate': participants,
  '/concordat.v1.Rounds/CheckIn': participants,
  '/concordat.v1.Rounds/Answer': participants,
  '/concordat.v1.Rounds/Ready': participants,
  '/concordat.v1.Rounds/Advertise': participants,
  '/concordat.v1.Rounds/Share': participants,
  '/concordat.v1.Rounds/Confirm': participants,
  '/concordat.v1.Rounds/Certify': participants,
  '/concordat.v1.Rounds/Reveal': participants,
  '/concordat.v1.Rounds/Abort': participants,
  '/concordat.v1.Rounds/Receipts': participants,
  '/concordat.v1.Results/Show': participants,
  '/concordat.v1.Results/Chunks': participants,
  '/concordat.v1.Results/GroupChunks': participants,
  '/concordat.v1.Results/Sign': participants,
  '/concordat.v1.Runs/Start': operators,
  '/concordat.v1.Runs/Watch': operators,
  '/concordat.v1.Runs/Status': operators,
  '/concordat.v1.Runs/Explain': operators,
  '/concordat.v1.Runs/Journal': operators,
  '/concordat.v1.Runs/End': operators,
  '/concordat.v1.Runs/Pause': operators,
  '/concordat.v1.Runs/Resume': operators,
};

export type Verdict = 'allowed' | 'unknown-method' | 'unauthenticated' | 'permission';

/** `unauthenticated` when a certificate would help, `permission` when it is the wrong one. */
export function authorize(method: string, role: Role): Verdict {
  if (!Object.hasOwn(authorization, method)) return 'unknown-method';
  if (authorization[method]!.includes(role)) return 'allowed';
  return role === 'anonymous' ? 'unauthenticated' : 'permission';
}
