/** Whether `name` is what `pattern` says, where `*` stands for any characters. Takes time in proportion to both. */
export function matchesPattern(pattern: string, name: string): boolean {
  let inPattern = 0;
  let inName = 0;
  let star = -1;
  let starName = 0;
  while (inName < name.length) {
    if (pattern[inPattern] === '*') {
      star = inPattern;
      starName = inName;
      inPattern += 1;
    } else if (pattern[inPattern] === name[inName]) {
      inPattern += 1;
      inName += 1;
    } else if (star >= 0) {
      // The star takes one more character.
      inPattern = star + 1;
      starName += 1;
      inName = starName;
    } else return false;
  }
  while (pattern[inPattern] === '*') inPattern += 1;
  return inPattern === pattern.length;
}
