import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import ts from 'typescript';

/** Source texts by path below `src/`, with forward slashes. */
export type SourceTree = ReadonlyMap<string, string>;

/** One import or re-export. */
export interface Import {
  readonly from: string;
  /** A path below `src/`, or a package's name. */
  readonly to: string;
  readonly isPackage: boolean;
  /** Whether nothing of it is left at run time. */
  readonly erased: boolean;
}

export function readSourceTree(root: string): SourceTree {
  const files = readdirSync(root, { recursive: true, withFileTypes: true });
  return new Map(
    files
      .filter((file) => file.isFile() && file.name.endsWith('.ts'))
      .map((file) => {
        const path = join(file.parentPath, file.name);
        return [relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')];
      }),
  );
}

/** All that a file imports: statements, re-exports, `import()` and types of the form `import('...')`. */
export function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, erased: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const isPackage = !specifier.text.startsWith('.');
    const to = isPackage
      ? packageName(specifier.text)
      : posix.join(posix.dirname(path), specifier.text.replace(/\.js$/, '.ts'));
    found.push({ from: path, to, isPackage, erased });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly === true);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && isLoad(node.expression)) add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return found;
}

function isLoad(callee: ts.Expression): boolean {
  return (
    callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
  );
}

function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}
