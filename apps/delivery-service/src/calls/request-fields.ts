/**
 * Reads the bodies of requests, which travel as bytes so that a proof can be made over exactly them.
 *
 * @module
 */
import { decodeProto, delivery, FieldError, requireLength, requireSize } from '@canopy/contract';
import { CryptoError, getCipherSuite } from '@canopy/crypto';
import { permissionDenied, type Caller } from '@canopy/service';

const GROUP_ID = { minimum: 1, maximum: 255 };
const REQUEST_ID_LENGTH = 16;
const HASH_LENGTH = 32;

/** Reads the body of SubmitCommit. @throws {FieldError} */
export function readBundle(bytes: Uint8Array): delivery.CommitBundle {
  const bundle = decodeProto(delivery.CommitBundle, bytes, 'bundle');
  requireGroupId(bundle.groupId, 'bundle.group_id');
  requireLength(bundle.requestId, 'bundle.request_id', REQUEST_ID_LENGTH);
  return bundle;
}

/** Reads the body of SendMessage. @throws {FieldError} */
export function readMessage(bytes: Uint8Array): delivery.GroupMessage {
  const message = decodeProto(delivery.GroupMessage, bytes, 'message');
  requireGroupId(message.groupId, 'message.group_id');
  requireLength(message.requestId, 'message.request_id', REQUEST_ID_LENGTH);
  return message;
}

/** Reads the body of ReadGroup, GetGroupInfo and SubscribeGroup. @throws {FieldError} */
export function readQuery(bytes: Uint8Array): delivery.GroupQuery {
  const query = decodeProto(delivery.GroupQuery, bytes, 'query');
  requireGroupId(query.groupId, 'query.group_id');
  return query;
}

/** Requires that a query that names a device comes from that device. @throws {ServiceError} PERMISSION_DENIED */
export function requireOwnQuery({ device }: delivery.GroupQuery, caller: Pick<Caller, 'device'>): void {
  if (device !== '' && device !== caller.device) throw permissionDenied('PROOF_INVALID');
}

/** Reads the body of CreateTicket. @throws {FieldError} */
export function readTicket(bytes: Uint8Array): delivery.Ticket {
  const ticket = decodeProto(delivery.Ticket, bytes, 'ticket');
  requireGroupId(ticket.groupId, 'ticket.group_id');
  requireLength(ticket.tokenHash, 'ticket.token_hash', HASH_LENGTH);
  return ticket;
}

/** Reads the body of RestoreEntries. @throws {FieldError} */
export function readLostEntries(bytes: Uint8Array): delivery.LostEntries {
  const lost = decodeProto(delivery.LostEntries, bytes, 'entries');
  requireGroupId(lost.groupId, 'entries.group_id');
  return lost;
}

/** Requires bytes to be the id of a group. @throws {FieldError} */
export function requireGroupId(groupId: Uint8Array, field: string): Uint8Array {
  return requireSize(groupId, field, GROUP_ID);
}

/** Requires bytes to be an Ed25519 public key. @throws {FieldError} */
export function requireAccessKey(accessKey: Uint8Array, field: string): Uint8Array {
  try {
    getCipherSuite(1).signature.validatePublicKey(accessKey);
    return accessKey;
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw new FieldError(field, 'must be an Ed25519 public key of 32 bytes', { cause: error });
  }
}
