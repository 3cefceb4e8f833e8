'use strict';
// Everything that comes from a twin is hostile until it is text: this page writes textContent and attributes only.
const $ = id => document.getElementById(id);
const api = '/api/v1';
const ringLength = 120;
const fleetLimit = 200;
let rings = new Map();
let chosen = null;
let fleet = [];
let moreTwins = false;

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
function dress(element, className) {
  if (element.className !== className) element.className = className;
}
// Keeps one child per item, in order, without touching what did not change: focus and selection survive.
function keep(parent, items, keyOf, create, update) {
  const known = new Map([...parent.children].map(child => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = known.get(key);
    known.delete(key);
    if (!child) {
      child = create(item);
      child.dataset.key = key;
    }
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
    update(child, item);
  }
  for (const gone of known.values()) gone.remove();
}
function pathOf(id) {
  return api + '/twins/' + id.split('/').map(encodeURIComponent).join('/');
}
async function call(path, options) {
  const response = await fetch(path, { ...options, signal: AbortSignal.timeout(5000) });
  if (response.ok) return response.status === 204 ? null : response.json();
  const problem = await response.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail || 'HTTP ' + response.status), { status: response.status });
}
function ago(time) {
  if (!time) return '–';
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  if (seconds < 2) return 'now';
  if (seconds < 100) return Math.round(seconds) + ' s ago';
  if (seconds < 6000) return Math.round(seconds / 60) + ' min ago';
  if (seconds < 172800) return Math.round(seconds / 3600) + ' h ago';
  return Math.round(seconds / 86400) + ' d ago';
}
function figure(value) {
  if (typeof value !== 'number') return value === null || value === undefined ? '–' : String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e9)) return value.toExponential(3);
  return String(Number(value.toPrecision(size >= 1000 ? 6 : 4)));
}
// DTDL names units in words; people know the common ones by their symbols.
const symbols = {
  degreeCelsius: '°C', degreeFahrenheit: '°F', kelvin: 'K', metrePerSecond: 'm/s', kilometrePerHour: 'km/h', metre: 'm',
  millimetre: 'mm', kilometre: 'km', watt: 'W', kilowatt: 'kW', megawatt: 'MW', kilowattHour: 'kWh', volt: 'V', ampere: 'A',
  hertz: 'Hz', pascal: 'Pa', kilopascal: 'kPa', bar: 'bar', percent: '%', second: 's', minute: 'min', hour: 'h',
  revolutionPerMinute: 'rpm', degreeOfArc: '°', kilogram: 'kg', litre: 'l', newton: 'N', newtonMetre: 'N·m',
};
function unitOf(item) {
  return item.unit ? (Object.hasOwn(symbols, item.unit) ? symbols[item.unit] : item.unit) : '';
}
function shown(value) {
  if (value === null || value === undefined || typeof value !== 'object') return figure(value);
  if ('lat' in value) return figure(value.lat) + ', ' + figure(value.lon);
  if ('rms' in value) return 'rms ' + figure(value.rms) + ', peak ' + figure(value.peak);
  return JSON.stringify(value);
}
function plotted(value) {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value && typeof value.rms === 'number' ? value.rms : null;
}

/* The fleet. */
function drawFleet() {
  const kinds = [...new Set(fleet.map(twin => twin.kind).concat($('kind').value || []))].sort();
  keep($('kind'), [''].concat(kinds), kind => kind, kind => {
    const option = make('option', '', kind);
    option.value = kind;
    return option;
  }, (option, kind) => say(option, kind || 'all'));
  const find = $('find').value.trim().toLowerCase();
  const rows = fleet.filter(twin => (!find || twin.id.toLowerCase().includes(find)) && (!$('alarmed').checked || twin.activeAlarms > 0));
  keep($('rows'), rows, twin => twin.id, twin => {
    const link = make('a', '', make('span', 'dot'), twin.id);
    link.href = '#/' + twin.id;
    const row = make('tr', '', make('td', '', link), make('td', '', make('span', 'pill')), make('td', 'number'), make('td', 'number'));
    return row;
  }, (row, twin) => {
    const [name, alarms, revision, last] = row.children;
    const dot = name.firstElementChild.firstElementChild;
    dress(dot, 'dot' + (twin.online === true ? ' good' : twin.online === false ? ' bad' : ''));
    dot.title = onlineWord(twin.online);
    dress(alarms.firstElementChild, twin.activeAlarms ? 'pill bad' : 'pill');
    say(alarms.firstElementChild, String(twin.activeAlarms || 0));
    say(revision, String(twin.revision));
    say(last, ago(twin.lastReadingAt));
    if (twin.id === chosen) row.setAttribute('aria-current', 'true');
    else row.removeAttribute('aria-current');
  });
  $('empty').hidden = rows.length > 0 && !moreTwins;
  say($('empty'), rows.length === 0
    ? (fleet.length ? 'No twin matches.' : 'No twins yet: the first reading makes one.')
    : 'The first ' + fleetLimit + ' twins are shown; choose a kind to see others.');
  const alarmed = fleet.filter(twin => twin.activeAlarms > 0).length;
  say($('summary'), fleet.length + (moreTwins ? '+' : '') + (fleet.length === 1 ? ' twin, ' : ' twins, ') + alarmed + ' with active alarms');
}
function onlineWord(online) {
  return online === true ? 'online' : online === false ? 'offline' : 'online unknown';
}

/* One twin. */
function remember(twin) {
  for (const [name, reading] of Object.entries(twin.telemetry)) {
    const value = plotted(reading.value);
    if (value === null) continue;
    if (!rings.has(name)) rings.set(name, []);
    const ring = rings.get(name);
    const last = ring[ring.length - 1];
    if (!last || last.count !== reading.count) ring.push({ count: reading.count, value });
    if (ring.length > ringLength) ring.shift();
  }
}
function svg(tag, className) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  if (className) element.setAttribute('class', className);
  return element;
}
function sparkline(path, ring) {
  const values = ring.map(point => point.value);
  const low = Math.min(...values), high = Math.max(...values), span = high - low || 1;
  const step = 100 / Math.max(1, values.length - 1);
  path.setAttribute('d', values.length < 2 ? '' : 'M' + values.map((value, i) =>
    (i * step).toFixed(1) + ' ' + (high === low ? 15 : 29 - (value - low) / span * 28).toFixed(1)).join('L'));
}
function drawTelemetry(twin) {
  keep($('telemetry'), Object.entries(twin.telemetry), ([name]) => name, ([name]) => {
    const plot = svg('svg');
    plot.setAttribute('viewBox', '0 0 100 30');
    plot.setAttribute('preserveAspectRatio', 'none');
    plot.setAttribute('aria-hidden', 'true');
    plot.append(svg('path', 'spark'));
    return make('div', 'card', make('div', 'name', name), make('div', 'value', make('span'), make('span', 'unit')), plot, make('div', 'foot'));
  }, (card, [name, reading]) => {
    const [, value, plot, foot] = card.children;
    say(value.firstElementChild, shown(reading.value));
    say(value.lastElementChild, unitOf(reading));
    const ring = rings.get(name) || [];
    plot.style.display = ring.length > 1 ? '' : 'none';
    if (ring.length > 1) sparkline(plot.firstElementChild, ring);
    const notes = [ago(reading.sourceTime), reading.count + (reading.count === 1 ? ' reading' : ' readings')];
    if (reading.quality !== 'good') notes.push('quality ' + reading.quality);
    if (twin.modelled && !reading.modelled) notes.push('not declared');
    say(foot, notes.join(' · '));
  });
}
// The interval as a band with the value in it. Where the interval is of something else (of an input that is judged,
// say), the value lies outside and the figures alone tell.
function drawInterval(plot, prediction) {
  const usable = [prediction.value, prediction.lower, prediction.upper].every(Number.isFinite) && prediction.upper > prediction.lower
    && prediction.value >= prediction.lower && prediction.value <= prediction.upper;
  plot.style.display = usable ? '' : 'none';
  if (!usable) return;
  const at = (prediction.value - prediction.lower) / (prediction.upper - prediction.lower);
  const x = (25 + at * 50).toFixed(1);
  for (const end of ['x1', 'x2']) plot.lastElementChild.setAttribute(end, x);
}
function horizon(text) {
  const seconds = /^PT([0-9.]+)S$/.exec(text);
  return seconds ? figure(Number(seconds[1])) + ' s' : text;
}
function drawPredictions(twin) {
  const predictions = Object.entries(twin.predictions);
  $('prediction-part').hidden = predictions.length === 0;
  keep($('predictions'), predictions, ([name]) => name, ([name]) => {
    const plot = svg('svg');
    plot.setAttribute('viewBox', '0 0 100 10');
    plot.setAttribute('preserveAspectRatio', 'none');
    plot.setAttribute('aria-hidden', 'true');
    const band = svg('rect', 'band');
    for (const [key, value] of [['x', 25], ['y', 2], ['width', 50], ['height', 6]]) band.setAttribute(key, value);
    const line = svg('line', 'at');
    line.setAttribute('y1', 0);
    line.setAttribute('y2', 10);
    plot.append(band, line);
    return make('div', 'card', make('div', 'name', name), make('div', 'value', make('span'), make('span', 'unit')), plot, make('div', 'foot'), make('p'));
  }, (card, [, prediction]) => {
    const [, value, plot, foot, why] = card.children;
    say(value.firstElementChild, figure(prediction.value));
    say(value.lastElementChild, unitOf(prediction));
    drawInterval(plot, prediction);
    const notes = [];
    if (Number.isFinite(prediction.lower)) notes.push(figure(prediction.lower) + ' to ' + figure(prediction.upper));
    if (Number.isFinite(prediction.confidence)) notes.push(Number((prediction.confidence * 100).toFixed(2)) + ' % interval');
    if (prediction.horizon && prediction.horizon !== 'PT0S') notes.push('ahead ' + horizon(prediction.horizon));
    notes.push(prediction.model.name + ' v' + prediction.model.version);
    say(foot, notes.join(' · '));
    say(why, prediction.why);
  });
}
function drawAlarms(twin) {
  const alarms = [...twin.alarms].sort((a, b) => (b.state === 'active') - (a.state === 'active') || a.name.localeCompare(b.name));
  $('alarm-part').hidden = alarms.length === 0;
  keep($('alarms'), alarms, alarm => alarm.name, alarm => {
    const button = make('button', '', 'Acknowledge');
    button.type = 'button';
    button.setAttribute('aria-label', 'Acknowledge ' + alarm.name);
    button.addEventListener('click', () => acknowledge(twin.id, alarm.name, button));
    return make('li', '', make('span', 'pill'), make('strong', '', alarm.name), make('span', 'why'), make('span', 'quiet'), button);
  }, (line, alarm) => {
    const [severity, , why, since, button] = line.children;
    dress(line, alarm.state);
    const serious = alarm.severity === 'critical' || alarm.severity === 'major';
    dress(severity, 'pill' + (alarm.state !== 'active' ? '' : serious ? ' bad' : ' warn'));
    say(severity, alarm.severity + ' ' + alarm.state);
    say(why, alarm.why);
    say(since, ago(alarm.since) + (alarm.acknowledged ? ' · acknowledged' + (alarm.acknowledgedBy ? ' by ' + alarm.acknowledgedBy : '') : ''));
    button.hidden = alarm.acknowledged;
  });
}
const commandDress = { succeeded: 'good', failed: 'bad', rejected: 'bad', expired: 'warn', cancelled: 'warn' };
function drawCommands(twin) {
  const commands = twin.commands || [];
  $('command-table').hidden = commands.length === 0;
  keep($('commands'), commands, command => command.id, command => {
    const name = make('td', '', make('strong', '', command.name), ' ', make('span', 'quiet', JSON.stringify(command.args)));
    return make('tr', '', name, make('td', '', make('span', 'pill')), make('td'), make('td'));
  }, (row, command) => {
    const [, status, issued, says] = row.children;
    dress(status.firstElementChild, 'pill ' + (commandDress[command.status] || ''));
    say(status.firstElementChild, command.status);
    say(issued, ago(command.issuedAt) + (command.policy ? ' by ' + command.policy : ''));
    say(says, [command.message, command.why].filter(Boolean).join(' · '));
  });
}
function drawTwin(twin) {
  remember(twin);
  $('nothing').hidden = true;
  $('twin').hidden = false;
  say($('twin-title'), twin.id);
  say($('twin-online'), onlineWord(twin.online));
  dress($('twin-online'), 'pill' + (twin.online === true ? ' good' : twin.online === false ? ' bad' : ''));
  say($('twin-facts'), ['revision ' + twin.revision, 'heard ' + ago(twin.lastSeenAt), twin.modelled ? twin.interface || '' : 'no kind file',
    twin.durable ? '' : 'not durable: the store does not answer'].filter(Boolean).join(' · '));
  drawAlarms(twin);
  drawTelemetry(twin);
  drawPredictions(twin);
  drawCommands(twin);
  say($('counters'), Object.entries(twin.counters).map(([name, count]) => count + ' ' + name).join(' · '));
}
function showNothing(text) {
  $('twin').hidden = true;
  $('nothing').hidden = false;
  say($('nothing'), text);
}

/* What a person does. */
async function acknowledge(id, alarm, button) {
  button.disabled = true;
  try {
    await call(pathOf(id) + '/alarms/' + encodeURIComponent(alarm) + '/acknowledge', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ by: $('by').value.trim() || 'web page' }),
    });
    await refresh();
  } catch (problem) {
    linkTo('bad', problem.message);
  }
  button.disabled = false;
}
async function send(event) {
  event.preventDefault();
  const text = $('args').value.trim() || '{}';
  try {
    JSON.parse(text);
  } catch (problem) {
    say($('sent'), 'The arguments are not JSON: ' + problem.message);
    return;
  }
  const once = [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('');
  try {
    const command = await call(pathOf(chosen) + '/commands/' + encodeURIComponent($('command').value) + '?expiresIn=' + $('expires').value, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': once },
      body: text,
    });
    say($('sent'), command.name + ' is ' + command.status);
    await refresh();
  } catch (problem) {
    say($('sent'), problem.message);
  }
}
function choose() {
  const id = location.hash.slice(2);
  if (id === (chosen || '')) return;
  chosen = id || null;
  rings = new Map();
  for (const list of ['alarms', 'telemetry', 'predictions', 'commands']) $(list).replaceChildren();
  say($('sent'), '');
  if (!chosen) showNothing('Choose a twin to see it live.');
  tick();
}

/* Once a second, while somebody looks. */
function linkTo(className, text) {
  dress($('link'), 'pill ' + className);
  say($('link'), text);
}
async function refresh() {
  const id = chosen;
  const kind = $('kind').value;
  const [page, twin] = await Promise.all([
    call(api + '/twins?limit=' + fleetLimit + (kind ? '&kind=' + encodeURIComponent(kind) : '')),
    id ? call(pathOf(id)).catch(problem => {
      if (problem.status === 404 || problem.status === 400) return null;
      throw problem;
    }) : null,
  ]);
  fleet = page.items;
  moreTwins = Boolean(page.cursor);
  drawFleet();
  if (id && id === chosen) {
    if (twin) drawTwin(twin);
    else showNothing('There is no twin ' + id + '.');
  }
  linkTo('good', 'live');
}
let timer = null;
let turn = 0;
async function tick() {
  clearTimeout(timer);
  const mine = ++turn;
  if (document.hidden) return;
  try {
    await refresh();
  } catch (problem) {
    linkTo('bad', 'no answer, trying again');
  }
  if (mine === turn) timer = setTimeout(tick, 1000);
}
try {
  $('by').value = localStorage.getItem('by') || '';
  $('by').addEventListener('change', () => localStorage.setItem('by', $('by').value));
} catch {
  // A browser that keeps nothing asks again.
}
for (const id of ['find', 'alarmed']) $(id).addEventListener('input', drawFleet);
$('kind').addEventListener('input', tick);
$('send').addEventListener('submit', send);
addEventListener('hashchange', choose);
document.addEventListener('visibilitychange', tick);
choose();
tick();
