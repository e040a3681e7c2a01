import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where everything of one demo lies: the operator's things, one directory for each organization, logs and the result. */
export interface DemoFolder {
  readonly root: string;
  /** Founded by `coordinator init`: root, operator and coordinator keys, store. */
  readonly consortium: string;
  /** The operator's test images. */
  readonly holdout: string;
  readonly initialModel: string;
  readonly plan: string;
  /** Of a further run that begins with the trained model. */
  readonly nextPlan: string;
  readonly readme: string;
  readonly logs: string;
  readonly resultModel: string;
  readonly resultSafetensors: string;
}

/** One organization's own directory: nobody else reads it. */
export interface OrganizationFolder {
  readonly root: string;
  readonly data: string;
  readonly state: string;
  readonly policy: string;
  readonly invitation: string;
}

/** Make the directories. @param keep absolute path; undefined for a temporary directory. */
export function makeFolder(keep: string | undefined): DemoFolder {
  if (keep !== undefined) mkdirSync(keep, { recursive: true, mode: 0o700 });
  const root = keep ?? mkdtempSync(join(tmpdir(), 'concordat-demo-'));
  const folder = {
    root,
    consortium: join(root, 'consortium'),
    holdout: join(root, 'operator-holdout'),
    initialModel: join(root, 'initial-model'),
    plan: join(root, 'plan.json'),
    nextPlan: join(root, 'next-plan.json'),
    readme: join(root, 'README.md'),
    logs: join(root, 'logs'),
    ...resultPaths(join(root, 'result')),
  };
  for (const directory of [folder.holdout, folder.initialModel, folder.logs, join(root, 'result')]) {
    mkdirSync(directory, { recursive: true });
  }
  return folder;
}

/** Where the trained model lies, in both formats. */
export function resultPaths(directory: string): { readonly resultModel: string; readonly resultSafetensors: string } {
  return { resultModel: join(directory, 'model'), resultSafetensors: join(directory, 'model.safetensors') };
}

/** The directory of one organization; `make` creates it with its data directory. */
export function organizationFolder(
  folder: DemoFolder,
  id: string,
  options: { readonly make: boolean },
): OrganizationFolder {
  const root = join(folder.root, 'organizations', id);
  const data = join(root, 'data');
  if (options.make) mkdirSync(data, { recursive: true, mode: 0o700 });
  return {
    root,
    data,
    state: join(root, 'state'),
    policy: join(root, 'policy.yaml'),
    invitation: join(root, 'invitation.json'),
  };
}
