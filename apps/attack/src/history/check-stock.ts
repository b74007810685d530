/**
 * KeyPackages: each handed out once, none lost, none made up.
 *
 * @module
 */
import type { Claim, HandedOut, History, Publish } from './event.ts';
import type { Violation } from './violation.ts';

type Answered = Claim & { readonly outcome: { readonly outcome: 'answered' } };

/** Checks all claims against all that was published. */
export function checkStock({ events, isStockDrained }: History): readonly Violation[] {
  const publishes = events.filter((event) => event.kind === 'publish');
  const claims = events.filter((event) => event.kind === 'claim').filter(isAnswered);
  return [
    ...checkSingleUse(claims),
    ...checkRepeats(claims),
    ...checkOrigins(claims, publishes),
    ...(isStockDrained ? checkLoss(claims, publishes) : []),
  ];
}

function isAnswered(claim: Claim): claim is Answered {
  return claim.outcome.outcome === 'answered';
}

function checkSingleUse(claims: readonly Answered[]): readonly Violation[] {
  const uses = claims.flatMap((claim) =>
    claim.outcome.packages.filter(({ lastResort }) => !lastResort).map(({ hash }) => ({ hash, claim })),
  );
  return [...Map.groupBy(uses, ({ hash }) => hash)].flatMap(([hash, same]) => {
    const other = same.find(({ claim }) => claim.requestId !== same[0]?.claim.requestId);
    if (other === undefined) return [];
    const excerpt = [...same.slice(0, 1), other].map(({ claim }) => claim);
    return [{ rule: 'single-use' as const, detail: `KeyPackage ${hash} was handed out twice`, excerpt }];
  });
}

/** A device that had nothing may have something later; what was given once is given again, and nothing in its place. */
function checkRepeats(claims: readonly Answered[]): readonly Violation[] {
  return [...Map.groupBy(claims, ({ requestId }) => requestId)].flatMap(([requestId, same]) => {
    const pair = same.flatMap((claim) => {
      const other = same.find((one) => contradicts(claim, one));
      return other === undefined ? [] : [claim, other];
    });
    if (pair.length === 0) return [];
    const detail = `claim ${requestId} was answered in two ways`;
    return [{ rule: 'claim-repeats' as const, detail, excerpt: pair.slice(0, 2) }];
  });
}

function contradicts(claim: Answered, other: Answered): boolean {
  const given = new Map(other.outcome.packages.map(({ device, hash }) => [device, hash]));
  return claim.outcome.packages.some(({ device, hash }) => {
    const again = given.get(device);
    return again === undefined ? claim.end < other.start : again !== hash;
  });
}

function checkOrigins(claims: readonly Answered[], publishes: readonly Publish[]): readonly Violation[] {
  const published = Map.groupBy(publishes, ({ hash }) => hash);
  const isKnown = (handedOut: HandedOut, claim: Claim): boolean =>
    published.get(handedOut.hash)?.some((one) => one.device === handedOut.device && one.start < claim.end) ??
    false;
  return claims.flatMap((claim) =>
    claim.outcome.packages
      .filter((handedOut) => !isKnown(handedOut, claim))
      .map(({ device, hash }) => {
        const detail = `KeyPackage ${hash} of ${device} was never published by it`;
        return { rule: 'stock-from-nowhere' as const, detail, excerpt: [claim] };
      }),
  );
}

function checkLoss(claims: readonly Answered[], publishes: readonly Publish[]): readonly Violation[] {
  const handedOut = new Set(claims.flatMap(({ outcome }) => outcome.packages.map(({ hash }) => hash)));
  return publishes
    .filter(({ outcome, lastResort }) => outcome.outcome === 'stored' && !lastResort)
    .filter(({ hash }) => !handedOut.has(hash))
    .map((publish) => {
      const detail = `KeyPackage ${publish.hash} was stored, and was never handed out although the stock is empty`;
      return { rule: 'stock-not-lost' as const, detail, excerpt: [publish] };
    });
}
