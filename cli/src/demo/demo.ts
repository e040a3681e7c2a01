import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandFailure } from '../failure.js';
import type { CommandIo } from '../io.js';
import { announcement, Chaos, killRound } from './chaos.js';
import { Consortium } from './consortium.js';
import { layOutData } from './data.js';
import { type Display, openDisplay } from './display.js';
import { type DemoFolder, makeFolder, resultPaths } from './folder.js';
import type { DemoOptions } from './options.js';
import { Processes } from './processes.js';
import { type ProgressListener, ProgressReader } from './progress-reader.js';
import { writeReadme } from './readme.js';
import { closingLines, type DemoResult, howToGoOn, resultOf } from './result.js';
import { type Activity, bytesText, type DemoView, labelTable, type RoundView, roundLine } from './view.js';

const bin = fileURLToPath(new URL('../bin/concordat.js', import.meta.url));

/**
 * The whole demonstration: found a consortium, start everybody as a process of its own, train, lose one, finish.
 *
 * @throws CommandFailure. In any case no process is left, and on the disk only the model or what `--keep` asked for.
 */
export async function runDemo(options: DemoOptions, io: CommandIo): Promise<DemoResult> {
  const display = openDisplay(io.stderr, io.environment);
  const folder = makeFolder(options.keep);
  const processes = new Processes(bin);
  const stage: Stage = { options, io, display, folder, processes };
  try {
    return await Promise.race([new Demonstration(stage).run(), interruption(io.signal)]);
  } finally {
    display.close();
    await processes.stopAll();
    if (options.keep === undefined) rmSync(folder.root, { recursive: true, force: true });
  }
}

interface Stage {
  readonly options: DemoOptions;
  readonly io: CommandIo;
  readonly display: Display;
  readonly folder: DemoFolder;
  readonly processes: Processes;
}

class Demonstration {
  readonly #stage: Stage;
  readonly #view: DemoView;
  readonly #chaos: Chaos;
  readonly #consortium: Consortium;
  readonly #startedAt = performance.now();

  constructor(stage: Stage) {
    this.#stage = stage;
    const { options, folder, processes } = stage;
    const { participants } = layOutData(folder, options);
    this.#view = {
      roundsPlanned: options.rounds,
      stage: 'founding the consortium',
      phase: '',
      round: 0,
      participants,
      finished: [],
    };
    this.#chaos = new Chaos(participants[2]!.id);
    const slow = options.rounds >= killRound ? this.#chaos.victim : undefined;
    const started = (role: string, id: string, pid: number) => this.#started(role, id, pid);
    this.#consortium = new Consortium({ processes, folder, options, participants, slow, started });
  }

  async run(): Promise<DemoResult> {
    const { options, display, folder } = this.#stage;
    this.#introduce();
    display.follow(this.#view);
    await this.#consortium.found((stage) => this.#say(stage));
    await this.#train();
    const kept = options.keep === undefined ? keepModel(folder) : folder;
    if (options.keep !== undefined) {
      writeReadme(folder, this.#view, { bin, nextPlanHash: await this.#consortium.proposeNext() });
    }
    const result = resultOf(this.#view, kept);
    display.close();
    const seconds = (performance.now() - this.#startedAt) / 1000;
    for (const line of [...closingLines(this.#view, result, seconds), ...howToGoOn(options)]) display.say(line);
    return result;
  }

  #introduce(): void {
    const { options, display, folder } = this.#stage;
    const { participants } = this.#view;
    display.say(`${participants.length} organizations, each with its own digits; none of them leave it:`);
    for (const line of labelTable(participants)) display.say(`  ${line}`);
    display.say(announcement(this.#chaos.victim, options.rounds));
    display.say(`Everything happens in ${folder.root}.`);
    this.#emit({
      event: 'data',
      participants: participants.map(({ id, examples, labels }) => ({ id, examples, labels })),
    });
  }

  /** One run from start to finish, watched as an operator watches it. */
  async #train(): Promise<void> {
    const reader = new ProgressReader(this.#view, this.#listener());
    await this.#consortium.train((line) => {
      this.#emit({ event: 'progress', ...line });
      reader.read(line);
    });
    const { outcome, reason } = reader.outcome ?? { outcome: 'unknown', reason: 'the watch ended early' };
    if (outcome !== 'completed') throw demoFailed(`the run did not complete: ${reason}`);
    if (!reader.complete) throw demoFailed('the last model was not measured');
  }

  #listener(): ProgressListener {
    return {
      uploading: (participant, round, bytesReceived, bytesExpected) => {
        if (this.#chaos.uploading(participant, round, bytesReceived, bytesExpected) !== 'kill') return;
        this.#consortium.kill(participant);
        this.#show(participant, 'killed');
        this.#emit({ event: 'killed', id: participant, round, bytesReceived, bytesExpected });
        this.#say(
          `${participant} was killed (SIGKILL) with ${bytesText(bytesReceived)} of ${bytesText(bytesExpected)} of its masked update sent`,
        );
      },
      roundBegan: (round) => {
        if (this.#chaos.roundBegan(round) !== 'start-again') return;
        this.#say(`${this.#chaos.victim} starts again, with a fast line`);
        this.#consortium.startAgain(this.#chaos.victim);
        this.#show(this.#chaos.victim, 'starting again');
      },
      roundEnded: (round) => {
        if (!round.published) this.#tell(round);
      },
      evaluated: (round) => this.#tell(round),
    };
  }

  #tell(round: RoundView): void {
    this.#stage.display.say(roundLine(round, this.#stage.options.rounds));
    const { phases: _, ...told } = round;
    this.#emit({ event: 'round', ...told });
  }

  #started(role: string, id: string, pid: number): void {
    const participant = this.#view.participants.find((one) => one.id === id);
    if (participant !== undefined) participant.pid = pid;
    this.#emit({ event: 'process', role, id, pid });
  }

  #show(id: string, activity: Activity): void {
    const participant = this.#view.participants.find((one) => one.id === id);
    if (participant === undefined) return;
    participant.activity = activity;
    participant.portion = undefined;
  }

  #say(line: string): void {
    this.#view.stage = line;
    this.#stage.display.say(line);
  }

  #emit(event: object): void {
    if (this.#stage.options.json) this.#stage.io.stdout.write(`${JSON.stringify(event)}\n`);
  }
}

/** Put the model where it survives the demo's own directory. */
function keepModel(folder: DemoFolder): Pick<DemoFolder, 'resultModel' | 'resultSafetensors'> {
  const kept = resultPaths(mkdtempSync(join(tmpdir(), 'concordat-demo-model-')));
  cpSync(folder.resultModel, kept.resultModel, { recursive: true });
  cpSync(folder.resultSafetensors, kept.resultSafetensors);
  return kept;
}

function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const interrupt = () => reject(demoFailed('interrupted; every process of the demo was stopped'));
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
  });
}

function demoFailed(message: string): CommandFailure {
  return new CommandFailure(message, {
    code: 'refused',
    exitCode: 1,
    fix: 'Run it again with --keep DIR and read DIR/logs.',
  });
}
