/**
 * Proofs and tokens that must not work, on Redis.
 *
 * @module
 */
import { describeProofs } from '../refusals/describe-proofs.ts';
import { describeTokens } from '../refusals/describe-tokens.ts';
import { describeWithEngine } from './engine.ts';

describeWithEngine('refusals of proofs, on one Redis', () => describeProofs('redis'));
describeWithEngine('refusals of tokens, on one Redis', () => describeTokens('redis'));
