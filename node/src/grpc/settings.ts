import { bounds } from '@concordat/core';
import type { ChannelOptions, ServerOptions } from '@grpc/grpc-js';
import { defaultWindows } from './wide-server.js';

// Measured with grpc-js: a call to a stopped peer hangs for ever by default, 15 s with these; reconnecting after an
// outage of 30 s takes 18.7 s by default, 1.5 s with the back-off capped.
const keepalive = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
} as const;

const messageLimits = {
  'grpc.max_receive_message_length': bounds.messageBytesMax,
  'grpc.max_send_message_length': bounds.messageBytesMax,
} as const;

/** Channel options of every client. Retries are the SDK's: gRPC's own are off. One connection per channel, not shared. */
export const channelSettings: ChannelOptions = {
  ...keepalive,
  ...messageLimits,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 250,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.enable_retries': 0,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.service_config_disable_resolution': 1,
  'grpc-node.flow_control_window': defaultWindows.connectionBytes,
};

/** Server options of the coordinator. */
export const serverSettings: ServerOptions = {
  ...keepalive,
  ...messageLimits,
  'grpc.max_concurrent_streams': bounds.concurrentStreamsMax,
  'grpc-node.max_session_memory': 10,
  // A participant always has its assignment stream; a connection without any call has no business here.
  'grpc.max_connection_idle_ms': 60_000,
  'grpc.enable_channelz': 0,
};
