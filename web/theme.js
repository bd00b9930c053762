// Sets the chosen theme before the first paint; no choice means that the system's holds (see style/tokens.css).
// The page writes the key `runglass.theme`: "light", "dark" or absent.
try {
  const theme = localStorage.getItem('runglass.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage can be forbidden; the system's theme will do.
}
