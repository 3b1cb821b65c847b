// The texts on a page whose contrast is below what WCAG 2.2 (1.4.3, level AA) asks: 4.5 to 1.

() => {
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

  function paint(colors) {
    pen.clearRect(0, 0, 1, 1);
    for (const color of colors) {
      pen.fillStyle = color;
      pen.fillRect(0, 0, 1, 1);
    }
    return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  }

  function luminance(rgb) {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  // What is painted below an element: backgrounds from the outside in; a text of a drawing stands on its box.
  function ground(element) {
    const colors = [];
    for (let e = element; e; e = e.parentElement) {
      colors.unshift(getComputedStyle(e).backgroundColor);
      const box = e.tagName === "g" && e.querySelector(":scope > rect");
      if (box) colors.unshift(getComputedStyle(box).fill);
    }
    return colors;
  }

  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
    const { width, height } = element.getBoundingClientRect();
    if (!words.length || width <= 1 || height <= 1 || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const ink = element.ownerSVGElement ? style.fill : style.color;
    const [dark, light] = [luminance(paint(below)), luminance(paint([...below, ink]))].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    found.push({ text: words[0].data.trim(), ratio });
  }
  return { checked: found.length, weak: found.filter(({ ratio }) => ratio < 4.5) };
}
