export { cannotListen } from './cannot-listen.js';
export { type Clock, systemClock } from './clock.js';
export { parseAddress, parseAddresses } from './configuration/address.js';
export { checkDocument, type JsonSchema, jsonSchemaOf, requirementOf } from './configuration/check-document.js';
export { type DatabaseUrl, parseDatabaseUrl } from './configuration/database-url.js';
export {
  type EffectiveSetting,
  type Origin,
  type Resolution,
  resolveSettings,
  type SettingSources,
} from './configuration/effective.js';
export {
  type Environment,
  type EnvironmentVariable,
  environmentVariables,
  unknownVariables,
} from './configuration/environment-variables.js';
export { kernelProblems, kernelsSetting, threadsSetting } from './configuration/lane-settings.js';
export { isIn, parseNetworks } from './configuration/networks.js';
export { configurationError, type Problem, problemLine } from './configuration/problem.js';
export { checkReferencedFile, type ReferencedFile } from './configuration/referenced-files.js';
export { type ConfigurationReport, reportCheck, reportShow } from './configuration/report.js';
export { readSecretReference } from './configuration/secret-reference.js';
export { type Setting, type Settings, type SettingValues, settingOptions } from './configuration/setting.js';
export { settingsJsonSchema } from './configuration/settings-shape.js';
export { schemaTable, settingsTable } from './configuration/settings-table.js';
export { settingsText } from './configuration/settings-text.js';
export { parseYaml, readYamlFile, type YamlFile, type YamlReading } from './configuration/yaml-file.js';
export {
  createEncryptedIdentityFile,
  passphraseBytes,
  readEncryptedIdentityFile,
} from './crypto/encrypted-identity.js';
export { createIdentityFile, identityFromSeed, readIdentityFile } from './crypto/identity.js';
export { keepFreedMemory } from './crypto/kept-memory.js';
export { nodeCrypto, openSslCrypto } from './crypto/node-crypto.js';
export { loadSodiumCurves, type SodiumCurves } from './crypto/sodium-curves.js';
export { systemRandom } from './crypto/system-random.js';
export { AppendLog, type AppendLogOptions, type OpenedLog, type SalvagedLog } from './durable/append-log.js';
export { type DirectoryLock, lockDirectory } from './durable/directory-lock.js';
export {
  ArmedFailpoints,
  durably,
  type Failpoint,
  type FailpointAction,
  type FailpointPlace,
  type FailpointPorts,
  failpointActs,
  failpointPlaces,
  failpointText,
  parseFailpoint,
  parseFailpoints,
  requireNoFailpoint,
} from './durable/failpoint.js';
export { type Files, nodeFiles, type OpenFile } from './durable/files.js';
export { readSecretFile, writeSecretFile } from './durable/secret-file.js';
export { syncDirectory, type WriteOptions, writeAll, writeDurably } from './durable/write-durably.js';
export {
  authorizationInterceptor,
  type CallFacts,
  type CallRefusal,
  type CallVerdict,
  peerOfCall,
} from './grpc/authorization.js';
export { beforeTls } from './grpc/before-tls.js';
export { type ClientCredentials, type ClientTls, clientCredentials } from './grpc/client-credentials.js';
export { type InProcessServer, type InProcessServerOptions, serveInProcess } from './grpc/in-process.js';
export { LiveCalls } from './grpc/live-calls.js';
export { channelSettings, serverSettings } from './grpc/settings.js';
export { SocketBytes } from './grpc/socket-bytes.js';
export { openTlsFront, type TlsFront, type TlsFrontOptions } from './grpc/tls-front.js';
export { type ChannelCall, type Transport, tlsTransport } from './grpc/transport.js';
export { type ReceiveWindows, WideConnections } from './grpc/wide-connections.js';
export { createWideServer, defaultWindows, readSingly, type WideServer } from './grpc/wide-server.js';
export { chooseKernels, type KernelChoice, kernelChoices } from './kernels/choose-kernels.js';
export { LaneThreads, type LaneThreadsOptions, laneThreadsMax } from './kernels/lane-threads.js';
export { shortVector, type VectorFile } from './kernels/lane-work.js';
export { countedKeystreams } from './memory/counted-keystreams.js';
export { fullCollection, Garbage, markSeldom, minorCollection, serverCollection } from './memory/garbage.js';
export { NamedTimers } from './named-timers.js';
export {
  type CertificateSubject,
  type CertifiedKey,
  certificateFromPem,
  certificatesToPem,
  createCertificateRequest,
  createTlsAuthority,
  issueClientCertificate,
  issueServerCertificate,
  requireCertificateRequest,
} from './tls/certificates.js';
export { fingerprintOf, spokenFingerprint } from './tls/fingerprint.js';
export { type KeyPairPaths, type KeyRenewal, readKeyPair, renewKeyPair } from './tls/key-pair-files.js';
export { type Peer, peerOf } from './tls/peer.js';
export { type ProxyHeaderReading, readProxyHeader } from './tls/proxy-header.js';
export { requireRenewedCertificate } from './tls/renewed-certificate.js';
