import ts from 'typescript';

/**
 * What is public and has no doc comment: every export of the entries, the fields of each exported interface named
 * `...Options`, and the public members of each exported class.
 */
export function undocumented(program: ts.Program, entries: readonly string[]): string[] {
  const checker = program.getTypeChecker();
  const found = new Set<string>();
  for (const entry of entries) {
    const file = program.getSourceFile(entry);
    const symbol = file && checker.getSymbolAtLocation(file);
    if (symbol === undefined) {
      found.add(`${entry} exports nothing`);
      continue;
    }
    for (const exported of checker.getExportsOfModule(symbol)) {
      for (const name of gapsOf(resolve(exported, checker), checker)) found.add(name);
    }
  }
  return [...found].sort();
}

function gapsOf(symbol: ts.Symbol, checker: ts.TypeChecker): string[] {
  const own = hasComment(symbol, checker) ? [] : [symbol.name];
  const members = [...(symbol.members?.values() ?? [])]
    .filter((member) => isPublicMember(member) && speaksFor(symbol, member))
    .filter((member) => !hasComment(member, checker))
    .map((member) => `${symbol.name}.${member.name}`);
  return [...own, ...members];
}

function resolve(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

function hasComment(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== '';
}

/** Whether the members of `owner` are held to have comments of their own. */
function speaksFor(owner: ts.Symbol, member: ts.Symbol): boolean {
  if ((owner.flags & ts.SymbolFlags.Class) !== 0) return (member.flags & ts.SymbolFlags.Constructor) === 0;
  return (owner.flags & ts.SymbolFlags.Interface) !== 0 && owner.name.endsWith('Options');
}

function isPublicMember(member: ts.Symbol): boolean {
  const declaration = member.declarations?.[0];
  if (declaration === undefined || ts.isTypeParameterDeclaration(declaration)) return false;
  if (ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === 'internal')) return false;
  const name = ts.getNameOfDeclaration(declaration);
  if (name !== undefined && (ts.isPrivateIdentifier(name) || ts.isComputedPropertyName(name))) return false;
  // What overrides something of a base class or fulfils an interface is described there.
  const modifiers = ts.getCombinedModifierFlags(declaration);
  return (modifiers & (ts.ModifierFlags.Private | ts.ModifierFlags.Override)) === 0;
}
