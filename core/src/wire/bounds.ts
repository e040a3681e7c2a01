/**
 * Every maximum a peer can reach for, in one file, checked before allocation.
 * Lengths are bytes unless the name says otherwise.
 */
export const bounds = {
  /** Participants in one secure-aggregation session (complete graph). */
  cohortMax: 256,
  /** The smallest sum that is ever opened. */
  cohortMin: 3,
  rosterMembersMax: 4096,
  /** Of those a session holds, how many times as many may be chosen to train for it. */
  overSelectionMax: 4,
  /** Versions that an update may be behind the model it is applied to. */
  stalenessMax: 1_000,
  /** Secure groups of one round: the largest roster in groups of three. */
  groupsMax: 1365,
  rosterOperatorsMax: 64,
  idCharactersMax: 63,
  /** Free text such as a purpose or a reason. */
  textCharactersMax: 1024,
  segmentsMax: 64,
  tensorsMax: 4096,
  tensorRankMax: 8,
  metricsMax: 32,
  /** Payload lanes over all segments. */
  lanesMax: 2 ** 28,
  /** One Merkle leaf of a masked vector; 48 KiB, a multiple of every lane width and of the AES block. */
  chunkBytes: 49_152,
  /** Data of one upload or download frame: five Merkle chunks. */
  frameBytes: 245_760,
  frameBytesMax: 983_040,
  /** Receive limit of control methods. */
  controlMessageBytesMax: 1_310_720,
  /** Receive limit of calls without a verified certificate: 16 unfinished ones on each connection are memory. */
  anonymousMessageBytesMax: 65_536,
  /** Receive limit of bulk methods. */
  messageBytesMax: 2 * 1024 * 1024,
  /** Chunks of a sum in one request of a member that checks it: at most 3 MiB of each vector, and twice that at the member. */
  checkChunksMax: 64,
  /** One message between a client and its trainer on the same machine: a chunk of `frameBytes`, and room. */
  trainerMessageBytesMax: 524_288,
  planBytesMax: 262_144,
  /** Of a data schema. */
  dataColumnsMax: 1024,
  categoriesMax: 4096,
  columnNameCharactersMax: 128,
  categoryCharactersMax: 256,
  imageSideMax: 4096,
  /** Float32 values that one example becomes. */
  exampleValuesMax: 2 ** 24,
  /** A configuration or policy file, which people write. */
  configurationBytesMax: 65_536,
  rosterBytesMax: 1_048_576,
  certificateBytesMax: 8_192,
  modelBytesMax: 2 ** 31,
  maskedVectorBytesMax: 2 ** 30,
  safetensorsHeaderBytesMax: 4 * 1024 * 1024,
  roundsMax: 1_000_000,
  durationMillisMax: 7 * 24 * 3_600_000,
  /** Receipts that a welcome shows, that one page holds, and that a participant's recovery takes at all. */
  welcomeReceiptsMax: 256,
  receiptsPageMax: 500,
  receiptsMax: 1_000_000,
  /** Starts of a client: far more than there can be, far less than a number that cannot be counted up. */
  clientEpochMax: 2 ** 48,
  /**
   * Fields, nesting and calls a peer may ask for in one message or connection. The largest honest message,
   * the boxes of a cohort of 256 with their paths, has 4,100 fields.
   */
  wireFieldsMax: 8192,
  wireDepthMax: 8,
  concurrentStreamsMax: 16,
  connectionsMax: 1024,
  connectionsPerAddressMax: 64,
  handshakeMillis: 3_000,
  /** PING and SETTINGS of one connection. Clients of gRPC that measure the line send up to ten pings a second. */
  controlFramesPerMinuteMax: 1_000,
  /** Of a PROXY protocol header, behind its first 16 bytes. */
  proxyHeaderBytesMax: 4_096,
  invitationMillisDefault: 7 * 24 * 3_600_000,
} as const;
