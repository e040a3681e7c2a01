/**
 * What the environment of a process has to say before tfjs-node trains in a thread of it: TensorFlow reads it when it is loaded, past
 * Node, so a thread cannot say it. One thread, since tfjs-node 4.22 frees what it shares with JavaScript in whatever thread TensorFlow
 * does, which damages the memory of the process; and the fewest lines on stderr.
 *
 * A program that embeds a client sets it where it starts: `Object.assign(process.env, tensorflowEnvironment)`. Else tfjs-node is passed over.
 */
export const tensorflowEnvironment = {
  TF_NUM_INTRAOP_THREADS: '1',
  TF_NUM_INTEROP_THREADS: '1',
  TF_CPP_MIN_LOG_LEVEL: '2',
} as const;
