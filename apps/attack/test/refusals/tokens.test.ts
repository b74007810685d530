import { describeTokens } from './describe-tokens.ts';

describeTokens('sqlite');
