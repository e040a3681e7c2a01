/** One instruction, its lines joined. */
export interface Instruction {
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  /** What follows the flags. */
  readonly text: string;
}

/** The instructions from one FROM to the next. */
export interface Stage {
  readonly base: string;
  readonly as: string | undefined;
  readonly instructions: readonly Instruction[];
}

const known = /^(ARG|FROM|WORKDIR|COPY|RUN|ENV|USER|VOLUME|EXPOSE|STOPSIGNAL|HEALTHCHECK|ENTRYPOINT|CMD)$/;

/** The part of the format that our file uses. @throws Error for an instruction or a line that is none of it. */
export function parseContainerfile(text: string): readonly Stage[] {
  const args = new Map<string, string>();
  const stages: { base: string; as: string | undefined; instructions: Instruction[] }[] = [];
  const logical = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  for (const line of logical) {
    const { name = '', rest = '' } = /^(?<name>[A-Z]+) +(?<rest>.+)$/.exec(line.trim())?.groups ?? {};
    if (!known.test(name)) throw new Error(`no instruction: ${line}`);
    const instruction = withFlags(name, rest);
    if (name === 'ARG') {
      const [key, value = ''] = rest.split('=');
      args.set(key!, value);
    } else if (name === 'FROM') {
      const [base, , as] = rest.split(/ +/);
      stages.push({
        base: base!.replace(/\$\{(\w+)\}/g, (_, key: string) => args.get(key) ?? ''),
        as,
        instructions: [],
      });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`before any FROM: ${line}`);
      stage.instructions.push(instruction);
    }
  }
  return stages;
}

/** A list in JSON, as ENTRYPOINT and CMD have it. @throws Error when it is none. */
export function execForm(text: string): string[] {
  const list: unknown = JSON.parse(text);
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  throw new Error(`not in the exec form: ${text}`);
}

function withFlags(name: string, rest: string): Instruction {
  const flags: Record<string, string> = {};
  let text = rest;
  for (let flag = /^--([a-z-]+)=(\S+) +/.exec(text); flag !== null; flag = /^--([a-z-]+)=(\S+) +/.exec(text)) {
    flags[flag[1]!] = flag[2]!;
    text = text.slice(flag[0].length);
  }
  return { name, flags, text: text.trim() };
}
