/**
 * The server of `mls_client.MLSClient`.
 *
 * @module
 */

import { CodecError } from '@canopy/codec';
import { mlsClient } from '@canopy/contract';
import { CryptoError } from '@canopy/crypto';
import { MlsError } from '@canopy/mls';
import { Server, ServerCredentials, status, type handleUnaryCall, type ServiceError } from '@grpc/grpc-js';
import { Cast } from './actors.ts';
import type { InteropOptions } from './arguments.ts';
import { CallRefusal } from './call-refusal.ts';
import type { Calls } from './calls.ts';
import { suiteIds } from './clients.ts';
import { commitCalls } from './commits.ts';
import { actorCalls, groupCalls } from './groups.ts';
import { messageCalls } from './messages.ts';
import { outsiderCalls } from './outsiders.ts';
import { proposalCalls } from './proposals.ts';
import { subgroupCalls } from './subgroups.ts';

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  /** Ends it, and all calls that are under way. */
  stop(): void;
}

/** All calls of the interface, on one cast of actors. */
export function callsOf(cast: Cast): Calls {
  return {
    name: () => ({ name: 'Canopy' }),
    supportedCiphersuites: () => ({ ciphersuites: [...suiteIds] }),
    ...groupCalls(cast),
    ...actorCalls(cast),
    ...messageCalls(cast),
    ...proposalCalls(cast),
    ...commitCalls(cast),
    ...subgroupCalls(cast),
    ...outsiderCalls(cast),
  };
}

/** Makes a handler of a call: what MLS refuses is the caller's argument, anything else a fault of this process. */
function handler<Request, Response>(
  call: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return ({ request }, respond) => {
    const answer = async (): Promise<Response> => call(request);
    answer().then(
      (response) => respond(null, response),
      (error: unknown) => respond(failureOf(error)),
    );
  };
}

function failureOf(error: unknown): Partial<ServiceError> {
  if (error instanceof CallRefusal) return { code: status[error.status], details: error.message };
  if (error instanceof MlsError || error instanceof CodecError || error instanceof CryptoError) {
    return { code: status.INVALID_ARGUMENT, details: `${error.code}: ${error.message}` };
  }
  return { code: status.INTERNAL, details: error instanceof Error ? error.message : 'unknown fault' };
}

/** Gives the calls as gRPC handlers. */
function serverOf(calls: Calls): mlsClient.MLSClientServer {
  return {
    name: handler(calls.name),
    supportedCiphersuites: handler(calls.supportedCiphersuites),
    createGroup: handler(calls.createGroup),
    createKeyPackage: handler(calls.createKeyPackage),
    joinGroup: handler(calls.joinGroup),
    externalJoin: handler(calls.externalJoin),
    groupInfo: handler(calls.groupInfo),
    stateAuth: handler(calls.stateAuth),
    export: handler(calls.export),
    protect: handler(calls.protect),
    unprotect: handler(calls.unprotect),
    storePsk: handler(calls.storePsk),
    addProposal: handler(calls.addProposal),
    updateProposal: handler(calls.updateProposal),
    removeProposal: handler(calls.removeProposal),
    externalPskProposal: handler(calls.externalPskProposal),
    resumptionPskProposal: handler(calls.resumptionPskProposal),
    groupContextExtensionsProposal: handler(calls.groupContextExtensionsProposal),
    commit: handler(calls.commit),
    handleCommit: handler(calls.handleCommit),
    handlePendingCommit: handler(calls.handlePendingCommit),
    reInitProposal: handler(calls.reInitProposal),
    reInitCommit: handler(calls.reInitCommit),
    handlePendingReInitCommit: handler(calls.handlePendingReInitCommit),
    handleReInitCommit: handler(calls.handleReInitCommit),
    reInitWelcome: handler(calls.reInitWelcome),
    handleReInitWelcome: handler(calls.handleReInitWelcome),
    createBranch: handler(calls.createBranch),
    handleBranch: handler(calls.handleBranch),
    newMemberAddProposal: handler(calls.newMemberAddProposal),
    createExternalSigner: handler(calls.createExternalSigner),
    addExternalSigner: handler(calls.addExternalSigner),
    externalSignerProposal: handler(calls.externalSignerProposal),
    free: handler(calls.free),
  };
}

/** Serves until it is stopped. */
export async function startServer({ host, port, grease }: InteropOptions): Promise<RunningServer> {
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  server.addService(mlsClient.MLSClientService, serverOf(callsOf(new Cast(grease))));
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, found) =>
      error === null ? resolve(found) : reject(error),
    );
  });
  return { port: bound, stop: () => server.forceShutdown() };
}
