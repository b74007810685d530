/**
 * How a channel to a service is opened.
 *
 * @module
 */
import { credentials, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';

/** Where a service is, and how it shows that it is the right one. */
export interface ConnectOptions {
  /** `host:port`. */
  readonly address: string;
  /** The certificates to trust, as PEM; with `tls: 'system'` those of the system. */
  readonly tls?: { readonly ca: Uint8Array } | 'system';
  readonly maxMessageBytes?: number;
}

type ClientClass<C> = new (address: string, security: ChannelCredentials, options?: ChannelOptions) => C;

/** Opens a client of a generated class; without `tls` it speaks in the clear, for loopback and for meshes. */
export function connect<C>(client: ClientClass<C>, options: ConnectOptions): C {
  return new client(options.address, securityOf(options.tls), channelOptions(options.maxMessageBytes));
}

/** Options of a channel that notices a dead peer and comes back soon. */
export function channelOptions(maxMessageBytes = 4 * 1024 * 1024): ChannelOptions {
  return {
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 5_000,
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.enable_retries': 0,
  };
}

function securityOf(tls: ConnectOptions['tls']): ChannelCredentials {
  if (tls === undefined) {
    return credentials.createInsecure();
  }
  return tls === 'system' ? credentials.createSsl() : credentials.createSsl(Buffer.from(tls.ca));
}
