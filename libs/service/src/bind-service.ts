/**
 * Joins a generated service definition with its handlers.
 *
 * @module
 */
import { decodeRequest, FieldError } from '@canopy/contract';
import type {
  handleBidiStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { remembersSizes } from './response-flow.ts';

/** The handlers that a generated service definition asks for. */
export type HandlersOf<Definition> = {
  readonly [Method in keyof Definition]: Definition[Method] extends {
    requestStream: infer Stream;
    requestDeserialize: (bytes: Buffer) => infer Request;
    responseSerialize: (value: infer Response) => Buffer;
  }
    ? Stream extends true
      ? handleBidiStreamingCall<Request, Response>
      : handleUnaryCall<Request, Response>
    : never;
};

/** A service that is ready to be served. */
export interface BoundService {
  /** The full name, `canopy.delivery.v1.DeliveryService`. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
}

/** A request that could not be decoded, in the place of the request: the handler answers INVALID_ARGUMENT for it. */
export class MalformedRequest {
  readonly fault: FieldError;

  constructor(fault: FieldError) {
    this.fault = fault;
  }
}

/** Binds handlers, made by `unary` and `bidi`, to a generated definition. */
export function bindService<Definition extends ServiceDefinition>(
  definition: Definition,
  handlers: HandlersOf<Definition>,
): BoundService {
  const methods = Object.entries<MethodDefinition<unknown, unknown>>(definition);
  const strict = methods.map(([name, method]) => [name, decodeInHandler(method)] as const);
  return { name: serviceName(methods), definition: Object.fromEntries(strict), handlers: { ...handlers } };
}

/** A deserializer that throws makes grpc-js answer INTERNAL, which would blame the service for the caller's bytes. */
function decodeInHandler(method: MethodDefinition<unknown, unknown>): MethodDefinition<unknown, unknown> {
  return {
    ...method,
    responseSerialize: method.responseStream
      ? remembersSizes(method.responseSerialize)
      : method.responseSerialize,
    requestDeserialize(bytes) {
      try {
        return decodeRequest(method.requestDeserialize, bytes);
      } catch (error) {
        if (error instanceof FieldError) {
          return new MalformedRequest(error);
        }
        throw error;
      }
    },
  };
}

function serviceName(methods: readonly (readonly [string, { readonly path: string }])[]): string {
  const name = methods[0]?.[1].path.split('/')[1];
  if (name === undefined) {
    throw new TypeError('a service needs at least one method');
  }
  return name;
}
