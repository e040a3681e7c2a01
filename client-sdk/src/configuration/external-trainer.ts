import type { ExternalTrainerPlace, TrainerPatience } from '../trainer/external/external-trainer.js';
import type { ParticipantSettings } from './settings.js';

/** The trainer in a process of its own that the settings name; undefined where an engine trains. */
export function externalTrainerOf(settings: ParticipantSettings): (ExternalTrainerPlace & TrainerPatience) | undefined {
  const { directory, trainerLaunch, trainerAttach, trainerStartSeconds, trainerSilentSeconds } = settings;
  const patience = { startMillis: 1000 * trainerStartSeconds, silentMillis: 1000 * trainerSilentSeconds };
  if (trainerLaunch !== undefined) return { launch: trainerLaunch, workingDirectory: directory, ...patience };
  return trainerAttach === undefined ? undefined : { attach: trainerAttach, ...patience };
}
