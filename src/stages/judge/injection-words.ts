/** Words for who grades or for grading, by language. Compared in lower case, once with and once without accents. */
export const gradingWords: readonly RegExp[] = [
  /\b(?:grader|grading|judge|judging|evaluator|evaluation|rater|scorer|assessor|rubric|examiner|llm[- ]?as)\b/,
  /\b(?:bewerter|bewertung|gutachter|prufer|schiedsrichter|benoter)\b/,
  /\b(?:evaluateur|correcteur|juge|notation|examinateur)\b/,
  /\b(?:evaluador|juez|calificador|evaluacion|avaliador|juiz|avaliacao|valutatore|giudice|valutazione)\b/,
  /\b(?:beoordelaar|beoordeling|oceniajacy|sedzia|ocena|degerlendirici|hakem|degerlendirme)\b/,
  /оценщик|судья|проверяющ|оценк|оценива/,
  /评分|评审|评估|打分|裁判|评判|評分|評審/,
  /採点|評価者|審査|判定|評価/,
  /채점|평가자|심사|평가/,
  /المقي|الحكم|التقي|المصحح/,
  /मूल्यांकन|निर्णायक|परीक्षक/,
];

/** Words for how the grading shall end. */
export const outcomeWords: readonly RegExp[] = [
  /\b(?:score|scores|pass|passed|passes|verdict|yes|approve|approved|success|successful|succeeded|full marks|correct|true|perfect|fail|failed)\b|\b1\.0\b|\b(?:10\/10|100 ?%|5\/5)/,
  /\b(?:bestanden|punktzahl|punkte|ja|erfolgreich|bestnote|reussi|valide|oui|note maximale|parfait)\b/,
  /\b(?:aprobado|aprobada|puntuacion|si|aprovado|pontuacao|sim|superato|punteggio|promosso)\b/,
  /\b(?:geslaagd|voldoende|zaliczon\w*|punkt\w*|tak|gecti|puan|evet|basarili)\b/,
  /пройден|балл|\bда\b|да[.,!»"]|успешн|зачет|зачт/,
  /通过|满分|分数|是|成功|通過|滿分/,
  /合格|満点|はい|成功|点/,
  /합격|만점|통과|예|성공/,
  /ناجح|درجة|نعم|اجتاز|نجح/,
  /पास|अंक|हाँ|उत्तीर्ण|सफल/,
];

/** Orders of the known kinds, whoever they speak to. */
export const instructionPatterns: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|all|any|earlier|the)\b.{0,30}\b(?:instructions?|statements?|rules?|criteria|rubrics?|prompts?)\b/,
  /\bignor\w*\b.{0,40}\b(?:anweisung\w*|instruction\w*|instruccion\w*|instruco\w*|istruzion\w*)\b/,
  /игнорир\w*.{0,40}инструкц/,
  /忽略.{0,20}(?:指令|指示|说明|规则)|無視.{0,20}|以前の指示/,
  /"?items"?\s*:\s*\[\s*\{|"?answer"?\s*:\s*"?(?:yes|no|cannot-tell)\b/,
  /<\/?\s*(?:system|instructions?|rubric|judge|grader|verdict)\s*>|\[\/?inst\]|<\|im_(?:start|end)\|>|<\/?untrusted-/,
  /\b(?:answer|reply|respond|say|output)\b.{0,20}\byes\b.{0,20}\b(?:to|for)\b.{0,20}\b(?:all|every|each)\b/,
  /\b(?:mark|rate|score|count|treat)\b.{0,25}\b(?:this|the|as)\b.{0,40}\b(?:pass(?:ed)?|success\w*|1\.0|10\/10|good|perfect)\b/,
];
