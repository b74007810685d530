import { describeProofs } from './describe-proofs.ts';

describeProofs('sqlite');
