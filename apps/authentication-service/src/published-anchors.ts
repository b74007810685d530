/**
 * The trust anchors of this replica and the version that they are known by.
 *
 * @module
 */
import type { Registry } from '@canopy/storage';
import { hashOfAnchors, type TrustAnchorSet } from './certificate-authority.ts';

/** The anchors that are published. */
export class PublishedAnchors {
  readonly anchors: TrustAnchorSet;
  readonly #registry: Pick<Registry, 'versionOfTrustAnchors'>;
  #version = 0n;

  constructor(anchors: TrustAnchorSet, registry: Pick<Registry, 'versionOfTrustAnchors'>) {
    this.anchors = anchors;
    this.#registry = registry;
  }

  /** Grows with every change of the anchors; 0 before the first refresh. */
  get version(): bigint {
    return this.#version;
  }

  /**
   * Asks for the version again: while replicas are replaced, one that is about to go may have made its anchors the newest,
   * and those that stay have to follow with another version.
   */
  async refresh(): Promise<void> {
    this.#version = await this.#registry.versionOfTrustAnchors(hashOfAnchors(this.anchors));
  }
}
