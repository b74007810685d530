/**
 * Keeps the Key Directory stocked with KeyPackages of this device (RFC 9420 §10, §16.8).
 *
 * @module
 */
import { callUnary, directory } from '@canopy/contract';
import { createKeyPackage, keyPackageRef } from '@canopy/mls';
import { lifetimeFrom } from './credentials.ts';
import { ClientError } from './errors.ts';
import { answered } from './service-calls.ts';
import { toKeyPackageMessage, type StoredKeyPackage } from './store/key-package-store.ts';
import type { Surroundings } from './surroundings.ts';
import { reasonWord } from './reason-word.ts';

const BATCH = 50;
/** A last resort is replaced while it can still be used for this long, in seconds. */
const LAST_RESORT_MARGIN = 30n * 24n * 3_600n;
/** Private keys are kept for this long after their KeyPackage has expired, in seconds. */
const GRACE = 30n * 24n * 3_600n;

/**
 * Fills the directory's stock up to a number of single-use KeyPackages and one last resort; gives how many were published.
 * Private keys are saved before their KeyPackages are published.
 *
 * @throws {ClientError} KEY_PACKAGE_REFUSED, SERVICE_REFUSED, SERVICE_UNAVAILABLE
 */
export async function replenish(around: Surroundings, target: number): Promise<number> {
  const { keyPackages } = around.store;
  // A Welcome may lie in the mailbox for a while.
  keyPackages.deleteExpired(around.options.now() - GRACE);
  const left = await publishAll(around);
  const stock = await countStock(around);
  const missing = Math.max(target - stock.singleUse, 0);
  const made = Array.from({ length: missing }, () => create(around, false));
  if (!stock.lastResort || !keyPackages.hasLastResort(around.options.now() + LAST_RESORT_MARGIN)) {
    made.push(create(around, true));
  }
  keyPackages.save(made);
  around.beforeStep('key-packages:saved');
  return left + (await publishAll(around));
}

function create(
  { suite, identity, options, greaseKeyPackages: grease }: Surroundings,
  lastResort: boolean,
): StoredKeyPackage {
  const lifetime = lifetimeFrom(options.now());
  const { keyPackage, ...privateKeys } = createKeyPackage({ suite, identity, lifetime, grease });
  return {
    ref: keyPackageRef(suite, keyPackage),
    message: toKeyPackageMessage(keyPackage),
    initPrivateKey: privateKeys.initPrivateKey,
    encryptionPrivateKey: privateKeys.encryptionPrivateKey,
    lastResort,
    notAfter: lifetime.notAfter,
  };
}

async function countStock({ tokens, stubs, suite, signal }: Surroundings): Promise<directory.StockCount> {
  const { counts } = await answered(() =>
    tokens.call('directory', (metadata) =>
      callUnary(stubs.directory, 'countKeyPackages', {}, { metadata, signal, idempotent: true }),
    ),
  );
  const nothing = { cipherSuite: suite.id, singleUse: 0, lastResort: false, lastResortUses: 0 };
  return counts.find(({ cipherSuite }) => cipherSuite === suite.id) ?? nothing;
}

/** Publishes what was saved and is not known to be published; the same again does no harm. */
async function publishAll(around: Surroundings): Promise<number> {
  const unpublished = around.store.keyPackages.unpublished();
  let published = 0;
  for (let from = 0; from < unpublished.length; from += BATCH) {
    published += await publish(unpublished.slice(from, from + BATCH), around);
  }
  return published;
}

async function publish(batch: readonly StoredKeyPackage[], around: Surroundings): Promise<number> {
  const { tokens, stubs, signal, beforeStep } = around;
  const keyPackages = batch.map(({ message, lastResort }) => ({ keyPackage: message, lastResort }));
  const { results } = await answered(() =>
    tokens.call('directory', (metadata) =>
      callUnary(
        stubs.directory,
        'publishKeyPackages',
        { keyPackages },
        { metadata, signal, idempotent: true },
      ),
    ),
  );
  beforeStep('key-packages:published');
  return results.filter(({ index, result }) => settle(batch[index], result, around)).length;
}

const { ALREADY_CONSUMED, STOCK_FULL } = directory.KeyPackageRejectionReason;

/** Remembers what became of one upload; says whether the directory has it now. */
function settle(
  uploaded: StoredKeyPackage | undefined,
  result: directory.PublishResult['result'],
  { store: { keyPackages } }: Surroundings,
): boolean {
  if (uploaded === undefined || result === undefined) {
    throw new ClientError('INVALID_RESPONSE', 'an upload without a result');
  }
  const reason = result.$case === 'stored' ? undefined : result.value.reason;
  if (reason === undefined || reason === ALREADY_CONSUMED) {
    // Whoever consumed it may be sending a Welcome.
    keyPackages.markPublished(uploaded.ref);
    return reason === undefined;
  }
  keyPackages.delete(uploaded.ref);
  if (reason === STOCK_FULL) return false;
  const word = reasonWord(reason, 'KEY_PACKAGE_REJECTION_REASON_');
  throw new ClientError('KEY_PACKAGE_REFUSED', `the directory refused a KeyPackage: ${word}`, {
    reason: word,
  });
}
