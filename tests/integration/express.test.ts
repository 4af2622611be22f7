import { describe } from 'vitest';
import { describeWebContract } from '../integrations/web/contract.ts';
import { expressKits } from '../integrations/web/express-kit.ts';

for (const kit of expressKits) describe(kit.name, () => describeWebContract(kit));
