import { describeService } from './describe-service.ts';
import { AUTHENTICATION } from './services.ts';

describeService(AUTHENTICATION);
