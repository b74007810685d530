import { describeService } from './describe-service.ts';
import { DELIVERY } from './services.ts';

describeService(DELIVERY);
