import { describeService } from './describe-service.ts';
import { DIRECTORY } from './services.ts';

describeService(DIRECTORY);
