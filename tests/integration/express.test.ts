import { describe } from 'vitest';
import { expressKits } from '../integrations/express-kit.ts';
import { describeWebContract } from '../integrations/web-contract.ts';

for (const kit of expressKits) describe(kit.name, () => describeWebContract(kit));
