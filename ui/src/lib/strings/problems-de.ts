import { bytes, count, decimal } from '../format';
import type { SettingName } from '../ipc/host';
import type { ProblemWords, WarningWords } from './problems';

const SETTINGS: Record<SettingName, string> = {
  temperature: 'Die Temperatur',
  topP: 'Top-p',
  minP: 'Min-p',
  repetitionPenalty: 'Die Wiederholungsstrafe',
  topK: 'Top-k',
  maxAnswerTokens: 'Die längste Antwort',
  textSize: 'Die Textgröße',
  threads: 'Die Zahl der Threads',
  systemPromptLength: 'Die Länge der Systemanweisung',
  presetCount: 'Die Zahl der Vorlagen',
  presetNameLength: 'Die Länge des Namens einer Vorlage',
  quickAskLength: 'Die Länge der Tasten für schnelle Fragen',
  mirrorLength: 'Die Länge der Adresse des Spiegelservers',
  proxyLength: 'Die Länge der Adresse des Proxys',
  unloadAfter: 'Die Minuten, bis ein Modell den Arbeitsspeicher verlässt',
};

const CHOOSE = 'Wähle eine .gguf-Datei oder einen Ordner mit config.json und .safetensors-Dateien.';

const NOT_A_MODEL = {
  neitherFileNorFolder: 'Das ist weder eine Datei noch ein Ordner',
  noConfigBeside: 'Daneben liegt keine config.json',
  description: 'Die Datei beschreibt nur eines',
  otherFile: 'Die Datei beginnt nicht wie eine GGUF-Datei',
  noConfig: 'Im Ordner fehlt die config.json',
  noWeights: 'Im Ordner liegt keine .safetensors-Datei',
};

const ADVICE = {
  noConfigBeside:
    'Wähle den ganzen Ordner des Modells mit der config.json und den Dateien des Tokenizers.',
  description: 'Wähle den Ordner, in dem sie liegt.',
};

/** What only a parser or the system could say, and said in English. */
const exactly = (...said: string[]) =>
  `Genauer, auf Englisch: „${said.map((text) => text.replace(/[„“]/g, '’')).join('. ')}“`;

/** What went wrong and what to do, in German. */
export const problemsDe: ProblemWords = {
  noHome: () =>
    'Tern hat auf diesem Computer keinen Ordner für seine Daten gefunden. Setze die Umgebungsvariable TERN_DATA_DIR auf einen Ordner, in den du schreiben darfst, und starte Tern neu.',
  folderUnusable: ({ folder, detail }) =>
    `Tern kann deine Chats nicht im Ordner ${folder} ablegen. Sorge dafür, dass du in diesen Ordner schreiben darfst, oder setze die Umgebungsvariable TERN_DATA_DIR auf einen anderen, und starte Tern neu. ${exactly(detail)}`,
  inUse: ({ folder }) =>
    `Tern ist mit diesem Datenordner (${folder}) schon geöffnet. Benutze das offene Fenster, oder schließ es und versuch es noch einmal.`,
  newerDatabase: ({ path, found, supported }) =>
    `Die Chats in ${path} wurden zuletzt von einer neueren Version von Tern benutzt (Format ${count(found)}; diese kennt bis ${count(supported)}). Installiere die neuere Version, um sie zu öffnen. Geändert wurde nichts.`,
  notADatabase: ({ path }) =>
    `Die Datei ${path} enthält keine Chats von Tern; deshalb rührt Tern sie nicht an. Verschieb sie in einen anderen Ordner und starte Tern neu.`,
  damaged: ({ path, backups, detail }) =>
    `Die Datei mit deinen Chats, ${path}, ist beschädigt. Gelöscht wurde nichts. So kommst du zu einer Sicherung zurück: Beende Tern, verschieb alle Dateien, deren Name mit history.db beginnt, an einen sicheren Ort, kopiere die neueste Datei aus ${backups} (falls es eine gibt) dorthin, wo history.db lag, und nenne sie history.db. ${exactly(detail)}`,
  notMigrated: ({ path, backups, detail }) =>
    `Die Datei mit deinen Chats, ${path}, ließ sich nicht auf den neuen Stand bringen. Kein Chat wurde geändert, und eine Kopie von vorher liegt in ${backups}. Geh zu der Version von Tern zurück, die du vorher benutzt hast, und melde diesen Fehler bitte. ${exactly(detail)}`,
  diskFull: ({ path }) =>
    `Der Datenträger mit ${path} ist voll. Was schon gespeichert ist, bleibt erhalten; schaff Platz und versuch es noch einmal.`,
  readOnly: ({ path }) =>
    `Tern darf nicht in ${path} schreiben. Mach die Datei und ihren Ordner beschreibbar und versuch es noch einmal.`,
  locked: ({ path }) =>
    `Ein anderes Programm benutzt gerade ${path}. Schließ es (einen Datenbankbetrachter, ein Sicherungs- oder Synchronisierungsprogramm) und versuch es noch einmal.`,
  notStored: ({ path, detail }) =>
    `Tern konnte ${path} nicht lesen oder schreiben. Prüfe, ob der Datenträger angeschlossen ist, und versuch es noch einmal. ${exactly(detail)}`,
  noChat: () => 'Diesen Chat gibt es nicht mehr. Wähle einen anderen aus der Liste.',
  noMessage: () => 'Diese Nachricht gibt es nicht mehr. Öffne den Chat noch einmal.',
  noAnswer: () => 'Diese Antwort gibt es nicht mehr. Öffne den Chat noch einmal.',
  noQuestion: () => 'Diese Frage gibt es nicht mehr. Öffne den Chat noch einmal.',
  stillWriting: () =>
    'Diese Antwort wird noch geschrieben. Halte sie an oder warte auf ihr Ende, und versuch es dann noch einmal.',
  answerEnded: () => 'Diese Antwort ist schon zu Ende; ihr Text bleibt, wie er ist.',
  noBackup: ({ cause }) => `Die heutige Sicherung der Chats konnte nicht angelegt werden. ${cause}`,

  nothingThere: ({ path }) =>
    `Unter ${path} liegt nichts. Prüfe den Namen oder wähle die Datei noch einmal.`,
  notAModel: ({ path, reason, hasGguf }) => {
    const advice =
      reason === 'noConfigBeside' || reason === 'description' ? ADVICE[reason] : CHOOSE;
    return `${path} ist kein Modell: ${NOT_A_MODEL[reason]}. ${hasGguf ? 'Wähle die .gguf-Datei darin.' : advice}`;
  },
  pathNotText: ({ path }) =>
    `Der Pfad ${path} enthält Zeichen, die kein Text sind; deshalb kann Tern ihn sich nicht merken. Benenne die Datei oder den Ordner um und wähle sie dann noch einmal.`,
  modelUnreadable: ({ path, detail }) =>
    `Tern kann ${path} nicht lesen. Prüfe, ob die Datei da ist und du sie öffnen darfst, und versuch es noch einmal. ${exactly(detail)}`,
  unknownModel: ({ id }) =>
    `Ein Modell „${id}“ steht nicht in der Liste von Tern. Wähle ein anderes oder öffne seine Datei noch einmal.`,
  newerModelList: ({ path, found }) =>
    `Die Liste der Modelle, ${path}, hat eine neuere Version von Tern geschrieben (Format ${count(found)}). Installiere die neuere Version, oder verschieb die Datei in einen anderen Ordner und öffne deine Modelle noch einmal.`,
  modelList: ({ path, detail }) =>
    `Tern konnte seine Liste der Modelle, ${path}, nicht lesen oder schreiben. Sorge dafür, dass du in diesen Ordner schreiben darfst, und versuch es noch einmal. ${exactly(detail)}`,
  modelMissing: ({ name, path }) =>
    `Das Modell „${name}“ liegt nicht mehr unter ${path}. Leg die Datei zurück oder wähle ein anderes Modell.`,

  exportDiskFull: ({ path }) =>
    `Der Datenträger mit ${path} ist voll; exportiert wurde nichts. Schaff Platz oder wähle einen anderen Datenträger und versuch es noch einmal.`,
  exportNotWritable: ({ path }) =>
    `Tern darf nicht in ${path} schreiben; exportiert wurde nichts. Wähle einen anderen Ordner und versuch es noch einmal.`,
  exportFailed: ({ path, detail }) =>
    `${path} ließ sich nicht schreiben; exportiert wurde nichts. Wähle einen anderen Ordner und versuch es noch einmal. ${exactly(detail)}`,
  exportCutOff: () => 'Tern wurde beendet, bevor der Export fertig war; exportiert wurde nichts.',
  offline: () =>
    'Die Offline-Sperre ist an; deshalb wird nichts heruntergeladen. Schalte sie in den Einstellungen unter Netzwerk aus.',
  hereAlready: ({ name }) =>
    `Das Modell „${name}“ ist schon da: Wähle es in der Liste. Um es neu herunterzuladen, entferne es zuerst.`,
  noDownload: () =>
    'Dieser Download ist zu Ende oder wurde aufgegeben. Wähle das Modell noch einmal.',
  modelInUse: ({ name }) =>
    `„${name}“ wird gerade benutzt. Warte, bis das zu Ende ist, oder halte es an, und versuch es dann noch einmal.`,
  downloadsRunning: () =>
    'Ein Download ist noch nicht fertig. Lass ihn zu Ende gehen oder brich ihn ab, bevor du einen anderen Ordner wählst.',
  tooLittleMemory: ({ needed, free }) =>
    `Das braucht für einen Augenblick ${bytes(needed)} Arbeitsspeicher, und nur ${bytes(free)} sind frei. Schließ andere Programme und versuch es noch einmal.`,
  keyring: ({ detail }) =>
    `Der Schlüsselbund des Systems lässt sich nicht benutzen; deshalb wurde das Token nicht gespeichert. Entsperre oder installiere einen, oder setze die Umgebungsvariable HF_TOKEN. ${exactly(detail)}`,
  badToken: () =>
    'Das ist kein Token: Es enthält Leerzeichen oder andere Zeichen, die in keinem vorkommen. Kopiere es noch einmal.',
  networkSettings: ({ path, detail }) =>
    `Wie Tern das Netzwerk erreichen darf, lässt sich aus ${path} nicht lesen. Die Offline-Sperre bleibt an, bis du es in den Einstellungen unter Netzwerk neu festlegst. ${exactly(detail)}`,
  badRepo: ({ name }) =>
    `„${name}“ ist kein Name eines Repositorys. Schreib ihn als Besitzer/Name, zum Beispiel microsoft/bitnet-b1.58-2B-4T.`,
  badEndpoint: ({ address }) =>
    `Von „${address}“ lädt Tern nichts herunter. Schreib eine Adresse, die mit https:// beginnt (http:// nur für diesen Computer selbst).`,
  badProxy: ({ address }) =>
    `„${address}“ ist keine Adresse eines Proxys. Schreib sie als http://Host:Port oder socks5://Host:Port.`,
  notOnHub: ({ host, what }) =>
    `Auf ${host} gibt es ${what} nicht. Prüfe den Namen; vielleicht wurde es umbenannt oder entfernt.`,
  needsToken: ({ host, repo }) =>
    `${host} gibt ${repo} nur an Leute, die es kennt. Öffne die Seite im Browser, stimm den Bedingungen zu und gib dann in den Einstellungen unter Netzwerk ein Token deines Kontos ein.`,
  insecure: ({ address }) =>
    `Der Download wurde nach ${address} geleitet, und das ist keine sichere Adresse. Dorthin wurde nichts geschickt. Versuch es mit einem anderen Spiegelserver.`,
  redirectLoop: ({ host }) =>
    `${host} führt im Kreis und nie zur Datei. Versuch es später noch einmal oder stell einen anderen Spiegelserver ein.`,
  badListing: ({ detail }) =>
    `Was der Server über dieses Repository sagt, lässt sich nicht benutzen. Versuch es später noch einmal oder stell einen anderen Spiegelserver ein. ${exactly(detail)}`,
  nothingToFetch: ({ repo }) =>
    `In ${repo} liegt weder eine GGUF-Datei noch eine config.json mit safetensors-Dateien, also kein Modell für Tern.`,
  severalFiles: ({ repo, files, first }) =>
    `In ${repo} liegen mehrere Modelle: ${files}. Schreib eines davon hinter einen Doppelpunkt: „${repo}:${first}“.`,
  unsafeName: ({ name }) =>
    `Eine Datei im Repository heißt „${name}“, und das ist auf diesem Computer kein sicherer Name. Heruntergeladen wurde nichts.`,
  notAsRecorded: ({ file, detail }) =>
    `${file} ist nicht die Datei, die es sein sollte; deshalb wurde sie nicht heruntergeladen. Vielleicht ist der Spiegelserver falsch, oder die Datei wurde ersetzt. ${exactly(detail)}`,
  wrongHash: ({ file }) =>
    `${file} kam zweimal beschädigt an und wurde weggeworfen. Etwas zwischen dem Server und diesem Computer ändert Dateien: Versuch es mit einem anderen Netz oder einem anderen Spiegelserver.`,
  undelivered: ({ host, detail }) =>
    `${host} liefert die Datei nicht. Versuch es später noch einmal oder stell einen anderen Spiegelserver oder Proxy ein. ${exactly(detail)}`,
  noSpace: ({ needed, free, folder }) =>
    `Das Modell braucht ${bytes(needed)} Platz, und in ${folder} sind noch ${bytes(free)} frei. Schaff Platz oder wähle einen anderen Ordner für Modelle.`,
  modelsDiskFull: ({ path }) =>
    `Der Datenträger mit ${path} ist voll. Was heruntergeladen wurde, bleibt erhalten: Schaff Platz und mach weiter.`,
  modelsFolder: ({ path, detail }) =>
    `Tern konnte ${path} nicht lesen oder schreiben. Sorge dafür, dass du in diesen Ordner schreiben darfst, und versuch es noch einmal. ${exactly(detail)}`,
  planted: ({ path }) =>
    `${path} ist kein Ordner von Tern: An seiner Stelle liegt eine Verknüpfung. Entferne sie und versuch es noch einmal.`,
  fetchedElsewhere: () =>
    'Ein anderes Tern lädt dieses Modell schon herunter. Warte, bis es fertig ist, oder beende es dort.',
  modelFileGone: ({ file }) =>
    `${file} dieses Modells ist weg. Lade das Modell noch einmal herunter oder öffne es noch einmal.`,
  modelFileResized: ({ file }) =>
    `${file} dieses Modells hat eine andere Größe als früher. Lade das Modell noch einmal herunter oder öffne es noch einmal.`,
  modelFileChanged: ({ file }) =>
    `${file} dieses Modells ist nicht mehr, was es war. Lade das Modell noch einmal herunter oder öffne es noch einmal.`,
  noRecord: () =>
    'Tern hat nicht aufgeschrieben, was die Dateien dieses Modells sein sollten. Öffne es noch einmal, dann wird das nachgeholt.',

  foreignFile: ({ file, detail, advice }) =>
    `${file} ist kein Modell, das Tern öffnen kann. Wähle eine andere Datei oder den Ordner des Modells. ${exactly(detail, advice)}`,
  modelCutShort: ({ file, part, needed, found }) =>
    `Die Modelldatei ${file} ist unvollständig: Mit ${part} hätte sie mindestens ${count(needed)} Bytes, sie hat aber nur ${count(found)}. Lade sie noch einmal herunter oder kopiere sie noch einmal von dort, woher sie kommt.`,
  modelDamaged: ({ file, detail, advice }) =>
    `Die Modelldatei ${file} ist beschädigt oder keine, die Tern versteht. Lade sie noch einmal herunter oder wähle eine andere. ${exactly(detail, advice)}`,
  modelIncomplete: ({ file, part, advice }) =>
    `In ${file} fehlt etwas, das das Modell braucht: ${part}. Lade das ganze Modell noch einmal herunter oder wähle ein anderes. ${exactly(advice)}`,
  modelUnsupported: ({ file, detail, advice }) =>
    `${file} ist heil, enthält aber etwas, womit Tern nicht rechnen kann. Wähle ein anderes Modell oder eine andere Fassung davon. ${exactly(detail, advice)}`,
  outOfMemory: ({ file, needed }) =>
    `${file} braucht ${bytes(needed)} Arbeitsspeicher, und so viel ist nicht frei. Schließ andere Programme oder wähle ein kleineres Modell.`,
  noThreads: ({ threads, detail }) =>
    `Die ${count(threads)} Threads, auf denen das Modell rechnet, ließen sich nicht starten. Schließ andere Programme oder stell in den Einstellungen weniger Threads ein. ${exactly(detail)}`,
  stopped: () => 'Das wurde angehalten. Versuch es noch einmal.',

  emptyMessage: () => 'Die Nachricht ist leer. Schreib zuerst etwas.',
  tooLong: ({ tokens, limit }) =>
    `Diese Nachricht ist ${count(tokens)} Tokens lang; das Modell liest höchstens ${count(limit)}. Schick sie in Teilen oder wähle ein Modell mit längerem Kontext.`,
  contextFull: ({ limit }) =>
    `Der Kontext ist voll: Er fasst ${count(limit)} Tokens. Beginne einen neuen Chat.`,
  templateToken: ({ token }) =>
    `Die Chatvorlage dieses Modells braucht das Token ${token}, das es in ihm nicht gibt. Wähle ein anderes Modell.`,
  templateRefused: ({ detail }) =>
    `Die Chatvorlage dieses Modells kann diesen Chat nicht schreiben. Beginne einen neuen Chat oder wähle ein anderes Modell. ${exactly(detail)}`,
  modelChanged: ({ file, detail }) =>
    `Die Modelldatei ${file} lässt sich nicht mehr lesen. Leg die Datei zurück und lade das Modell noch einmal. ${exactly(detail)}`,
  busy: () =>
    'In diesem Chat wird noch eine Antwort geschrieben. Halte sie an oder warte, bis sie fertig ist.',
  notAnAnswer: () => 'Nur eine Antwort lässt sich neu schreiben.',
  notLast: () =>
    'Nur die letzte Antwort eines Chats lässt sich fortsetzen. „Neu schreiben“ ergibt eine weitere Version.',
  tooManyFiles: ({ files, bytes: size }) =>
    `An eine Nachricht passen höchstens ${count(files)} Dateien mit zusammen ${bytes(size)} Text. Nimm einige heraus.`,
  engineFailed: ({ detail }) =>
    `Beim Antworten ist in Tern etwas fehlgeschlagen. Was geschrieben wurde, bleibt erhalten; versuch es noch einmal. Schlägt es wieder fehl, melde es bitte. ${exactly(detail)}`,

  setting: ({ setting, least, most }) =>
    `${SETTINGS[setting]} muss zwischen ${decimal(least)} und ${decimal(most)} liegen.`,
  presetTwice: ({ name }) => `Eine Vorlage „${name}“ gibt es schon. Wähle einen anderen Namen.`,
  threadNotStarted: ({ detail }) =>
    `Tern konnte einen Thread nicht starten. Schließ andere Programme und starte Tern neu. ${exactly(detail)}`,
  defect: ({ detail }) =>
    `In Tern ist etwas fehlgeschlagen. Deine Chats sind sicher; starte Tern neu. ${exactly(detail)}`,

  fileUnreadable: ({ name, detail }) =>
    `${name} hängt nicht an: Die Datei lässt sich nicht lesen. Prüfe, ob sie da ist und du sie öffnen darfst. ${exactly(detail)}`,
  fileIsFolder: ({ name }) => `${name} ist ein Ordner. Häng die Dateien darin einzeln an.`,
  fileTooLarge: ({ name, limit }) =>
    `${name} hängt nicht an: Die Dateien einer Nachricht dürfen zusammen ${bytes(limit)} haben.`,
  fileNotText: ({ name }) =>
    `${name} hängt nicht an: Das ist keine Textdatei. Tern liest Text, Quelltext, Markdown und PDF.`,
  fileIsModel: ({ name }) => `${name} ist ein Modell. Öffne es über das Modellmenü oben.`,
  pdfTooLarge: ({ name, limit }) =>
    `${name} hängt nicht an: Das PDF hat mehr als ${bytes(limit)}. Häng einen Teil davon an.`,
  pdfTooSlow: ({ name }) =>
    `${name} hängt nicht an: Dieses PDF zu lesen dauert zu lange. Kopiere den Text, den du brauchst, und füg ihn ein.`,
  pdfUnusual: ({ name }) =>
    `${name} hängt nicht an: Das PDF ist beschädigt, verschlüsselt oder von ungewöhnlicher Art. Kopiere den Text, den du brauchst, und füg ihn ein.`,
  pdfOnlyPictures: ({ name }) =>
    `${name} hängt nicht an: Das PDF besteht nur aus Bildern, und Text darin kann Tern nicht lesen.`,

  notASeed: () =>
    'Der Startwert muss eine ganze Zahl von 0 bis 18446744073709551615 sein. Leer heißt: jedes Mal ein neuer.',
  notAWebLink: () => 'Tern öffnet nur Links ins Web (http und https).',
  linkNotOpened: ({ detail }) =>
    `Dafür ließ sich kein Browser öffnen. Kopiere den Link und öffne ihn selbst. ${exactly(detail)}`,
  folderNotShown: ({ folder, detail }) =>
    `Der Ordner ${folder} ließ sich in keiner Dateiverwaltung öffnen. Öffne ihn selbst. ${exactly(detail)}`,
  noMenuBar: ({ detail }) => `Die Menüleiste lässt sich nicht anzeigen. ${exactly(detail)}`,
  noTray: () =>
    'Dieser Desktop zeigt keine Symbole im Infobereich. Installiere unter Linux libayatana-appindicator3 und starte Tern neu.',
  noTrayIcon: ({ detail }) =>
    `Das Symbol im Infobereich lässt sich nicht anzeigen. ${exactly(detail)}`,
  keysRefused: ({ keys, detail }) =>
    `Die Tasten für schnelle Fragen, ${keys}, lassen sich nicht benutzen. Wähle andere in den Einstellungen. ${exactly(detail)}`,

  unworded: ({ text }) => `Das ist fehlgeschlagen. ${exactly(text)}`,
};

/** What is worth knowing about a model, in German. */
export const warningsDe: WarningWords = {
  wrongTemplate: () =>
    'Die Chatvorlage in der Datei ist nicht die, mit der BitNet trainiert wurde. Tern benutzt stattdessen die richtige.',
  unusableTemplate: ({ detail }) =>
    `Die Chatvorlage in der Datei lässt sich nicht benutzen. Tern schreibt Chats so, wie es am ehesten passt; die Antworten können schlechter sein als nötig. ${exactly(detail)}`,
  unknownChatFormat: () =>
    'Tern kennt das Chatformat dieses Modells nicht und schreibt Chats in einem schlichten. Die Antworten können schlechter sein als nötig.',
  noSplittingRule: () =>
    'In der Datei steht nicht, nach welcher Regel sie Text in Wörter zerlegt. Benutzt wird die übliche; die Antworten können schlechter sein als nötig.',
  unknownSplittingRule: ({ rule }) =>
    `Die Datei zerlegt Text nach einer Regel namens „${rule}“, die Tern nicht kennt. Benutzt wird die von Llama 3; die Antworten können schlechter sein als nötig.`,
  zeros: ({ first, more }) =>
    `Alle Gewichte von ${first}${more === 0 ? '' : ` und ${count(more)} weiteren Matrizen`} sind 0; die Antworten werden unsinnig sein. In Microsofts Repositorys lag eine Zeit lang eine so beschädigte Datei. Heil sind die Revisionen a1f2f1c765812aa8af3f6eda4a313707064bba15 von microsoft/bitnet-b1.58-2B-4T-gguf und 04c3b9ad9361b824064a1f25ea60a8be9599b127 von microsoft/bitnet-b1.58-2B-4T.`,
};
