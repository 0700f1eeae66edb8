// The values of every curve at the step under the pointer.
for (const chart of document.querySelectorAll(".chart")) {
  const svg = chart.querySelector("svg");
  const hover = svg.querySelector(".hover");
  const curves = [...svg.querySelectorAll("path[data-values]")].map((path) => ({
    name: path.dataset.name,
    color: path.style.stroke,
    at: path.getAttribute("d").slice(1).split("L").map((p) => p.split(" ").map(Number)),
    values: path.dataset.values.split("|").map((v) => v.split(" ")),
  }));
  if (!hover || curves.length === 0) continue;
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  chart.append(tip);
  const leave = () => { tip.hidden = true; hover.replaceChildren(); };
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * scale;
    hover.replaceChildren();
    const words = [];
    let first;
    for (const curve of curves) {
      let i = 0;
      curve.at.forEach((p, k) => { if (Math.abs(p[0] - x) < Math.abs(curve.at[i][0] - x)) i = k; });
      const [px, py] = curve.at[i];
      first ??= [px, py, curve.values[i][0]];
      const dot = document.createElementNS(svg.namespaceURI, "circle");
      dot.setAttribute("cx", px);
      dot.setAttribute("cy", py);
      dot.setAttribute("r", 4);
      dot.style.fill = curve.color;
      hover.append(dot);
      words.push(curves.length > 1 ? `${curve.name} ${curve.values[i][1]}` : curve.values[i][1]);
    }
    tip.textContent = `step ${first[2]}: ${words.join(", ")}`;
    tip.hidden = false;
    tip.style.left = `${svg.offsetLeft + first[0] / scale + 12}px`;
    tip.style.top = `${first[1] / scale + 26}px`;
  });
}
