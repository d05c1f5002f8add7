//! What is on the keys of keyboard layouts, as data. Taken from what X servers tell of each layout;
//! a test compares them. Nothing here knows what is done with it.
//!
//! A layout has two or four levels: alone, with shift, with AltGr, with both. A level has four rows
//! in the order of [`CODES`]. A blank is nothing, or what another key has as well; a combining mark
//! is a dead key.

/// A level of a layout, row by row.
pub(super) type Level = [&'static str; 4];

/// The physical keys of each row, by their code: from the one left of `1`, from `Q` in a US layout,
/// from `A`, and from the one between shift and `Z`, which not all keyboards have.
pub(super) const CODES: [&[u16]; 4] = [
    &[0x29, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d],
    &[0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b],
    &[0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x2b],
    &[0x56, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35],
];

pub(super) const US: &[Level] = &[
    ["`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", " zxcvbnm,./"],
    ["~!@#$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:\"|", " ZXCVBNM<>?"],
];

pub(super) const GB: &[Level] = &[
    ["`1234567890-=", "qwertyuiop[]", "asdfghjkl;'#", "\\zxcvbnm,./"],
    ["¬!\"£$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:@~", "|ZXCVBNM<>?"],
    [" ¹²³€½¾     \u{327}", " ſ ¶ŧ   øþ\u{308}\u{303}", "æßðđŋħ ĸł\u{301}\u{302}\u{300}", " «»¢   µ · "],
    [" ¡  ¼    ±°¿\u{328}", " § ®Ŧ¥ ıØÞ\u{30a}\u{304}", "ÆẞÐªŊĦ  Ł\u{30b}\u{30c}\u{306}", "¦  ©   º×÷\u{307}"],
];

pub(super) const DE: &[Level] = &[
    ["\u{302}1234567890ß\u{301}", "qwertzuiopü+", "asdfghjklöä#", "<yxcvbnm,.-"],
    ["°!\"§$%&/()=?\u{300}", "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", ">YXCVBNM;:_"],
    [" ¹²³¼½¬{[]}\\\u{327}", "@ſ€¶ŧ   øþ\u{308}~", "æ ðđŋħ ĸł\u{30b}  ", "|»«¢   µ·  "],
    [" ¡ £¤    ± ¿\u{328}", "   ®Ŧ¥ ıØÞ\u{30a}¯", "ÆẞÐªŊĦ\u{307} Ł \u{30c}\u{306}", "   ©   º×÷ "],
];

pub(super) const CH: &[Level] = &[
    ["§1234567890'\u{302}", "qwertzuiopü\u{308}", "asdfghjklöä$", "<yxcvbnm,.-"],
    ["°+\"*ç%&/()=?\u{300}", "QWERTZUIOPè!", "ASDFGHJKLéà£", ">YXCVBNM;:_"],
    ["¬|@#¼½  ¢]}\u{301}\u{303}", " ſ€¶ŧ   œþ[ ", "æßðđŋħ ĸł { ", "\\«»    µ · "],
    [" ¡       ± ¿\u{328}", "   ®Ŧ¥ ıŒÞ\u{30a}\u{304}", "ÆẞÐªŊĦ  Ł\u{30b}\u{30c}\u{306}", "¦  ©   º×÷\u{307}"],
];

pub(super) const FR: &[Level] = &[
    ["²&é\"'(-è_çà)=", "azertyuiop\u{302}$", "qsdfghjklmù*", "<wxcvbn,;:!"],
    ["~1234567890°+", "AZERTYUIOP\u{308}£", "QSDFGHJKLM%µ", ">WXCVBN?./§"],
    ["¬¹ #{[|`\\^@]}", "æ«€¶ŧ   øþ ¤", " ßðđŋħ ĸł  \u{300}", "  »¢   \u{301} · "],
    [" ¡       ± ¿\u{328}", "Æ  ®Ŧ¥ ıØÞ\u{30a}\u{304}", " ẞÐªŊĦ  Łº\u{30c}\u{306}", "¦  ©   \u{30b}×÷\u{307}"],
];

pub(super) const BE: &[Level] = &[
    ["²&é\"'(§è!çà)-", "azertyuiop\u{302}$", "qsdfghjklmùµ", "<wxcvbn,;:="],
    ["³1234567890°_", "AZERTYUIOP\u{308}*", "QSDFGHJKLM%£", ">WXCVBN?./+"],
    ["¬|@#¼½^{[ }\\\u{327}", " ſ€¶ŧ   œþ ]", "æßðđŋħ ĸł\u{301} \u{300}", " «»¢     ·\u{303}"],
    [" ¡       ± ¿\u{328}", "   ®Ŧ¥ ıŒÞ\u{30a}\u{304}", "ÆẞÐªŊĦ  Ł\u{30b}\u{30c}\u{306}", "   ©   º×÷\u{307}"],
];

pub(super) const ES: &[Level] = &[
    ["º1234567890'¡", "qwertyuiop\u{300}+", "asdfghjklñ\u{301}ç", "<zxcvbnm,.-"],
    ["ª!\"·$%&/()=?¿", "QWERTYUIOP\u{302}*", "ASDFGHJKLÑ\u{308}Ç", ">ZXCVBNM;:_"],
    ["\\|@#~½¬{[]} \u{327}", " ſ€¶ŧ   øþ  ", "æßðđŋħ ĸł\u{303}  ", " «»¢   µ   "],
    ["   £     ±° \u{328}", " § ®Ŧ¥ ıØÞ\u{30a}\u{304}", "ÆẞÐ ŊĦ  Ł\u{30b}\u{30c}\u{306}", "¦  ©    ×÷\u{307}"],
];

pub(super) const LATAM: &[Level] = &[
    ["|1234567890'¿", "qwertyuiop\u{301}+", "asdfghjklñ{}", "<zxcvbnm,.-"],
    ["°!\"#$%&/()=?¡", "QWERTYUIOP\u{308}*", "ASDFGHJKLÑ[]", ">ZXCVBNM;:_"],
    ["¬ @·~½     \\\u{327}", " ſ€¶ŧ   øþ  ", "æßðđŋħ ĸł \u{302}\u{300}", " «»¢   µ   "],
    ["   £     ±  \u{328}", " § ®Ŧ¥ ıØÞ\u{30a}\u{304}", "ÆẞÐªŊĦ  Ł\u{30b}  ", "   ©   º×÷\u{307}"],
];

pub(super) const IT: &[Level] = &[
    ["\\1234567890'ì", "qwertyuiopè+", "asdfghjklòàù", "<zxcvbnm,.-"],
    ["|!\"£$%&/()=?^", "QWERTYUIOPé*", "ASDFGHJKLç°§", ">ZXCVBNM;:_"],
    ["¬¹²³¼½ {[]}`~", "@ſ€¶ŧ   øþ  ", "æßðđŋħ ĸł #\u{300}", "« »¢  ñµ\u{301}·\u{304}"],
    ["¦¡\u{30b}\u{303}     ±\u{328}¿\u{302}", "   ®Ŧ¥ ıØÞ  ", "ÆẞÐªŊĦ  Ł\u{327}\u{30a}\u{306}", "   ©  Ñº×\u{308}÷"],
];

pub(super) const PT: &[Level] = &[
    ["\\1234567890'«", "qwertyuiop+\u{301}", "asdfghjklçº\u{303}", "<zxcvbnm,.-"],
    ["|!\"#$%&/()=?»", "QWERTYUIOP*\u{300}", "ASDFGHJKLÇª\u{302}", ">ZXCVBNM;:_"],
    ["¬¹@£§½ {[]} \u{327}", " ſ€¶ŧ   øþ\u{308} ", "æßðđŋħ ĸł   ", "   ¢   µ · "],
    [" ¡       ±°¿\u{328}", "   ®Ŧ¥ ıØÞ\u{30a}\u{304}", "ÆẞÐ ŊĦ  Ł\u{30b}\u{30c}\u{306}", "   ©    ×÷\u{307}"],
];

pub(super) const BR: &[Level] = &[
    ["'1234567890-=", "qwertyuiop\u{301}[", "asdfghjklç\u{303}]", "\\zxcvbnm,.;"],
    ["\"!@#$%\u{308}&*()_+", "QWERTYUIOP\u{300}{", "ASDFGHJKLÇ\u{302}}", "|ZXCVBNM<>:"],
    ["¬¹²³£¢      §", "/?°®ŧ   øþ´ª", "æßðđŋħ ĸł ~º", "\u{30c}«»©   µ · "],
    [" ¡½¾¼ ¨  ± ¿\u{328}", "    Ŧ¥ ıØÞ`\u{304}", "ÆẞÐ ŊĦ  Ł\u{30b}^ ", "\u{306}       ×÷\u{307}"],
];

pub(super) const NL: &[Level] = &[
    ["@1234567890/°", "qwertyuiop\u{308}*", "asdfghjkl+\u{301}<", "]zxcvbnm,.-"],
    ["§!\"#$%&_()'?\u{303}", "QWERTYUIOP\u{302}|", "ASDFGHJKL±\u{300}>", "[ZXCVBNM;:="],
    ["¬¹²³¼½¾£{} \\\u{327}", " ſ€¶þÿüïò ~ ", "áßðªŋħ ĸł   ", " «»¢  ñ ¸· "],
    [" ¡         ¿\u{328}", "   ®Þ¥ÜÏÒ ^\u{304}", "ÁẞÐ ŊĦ  Ł\u{30b}`\u{306}", "¦  ©  Ñº  \u{307}"],
];

pub(super) const SE: &[Level] = &[
    ["§1234567890+\u{301}", "qwertyuiopå\u{308}", "asdfghjklöä'", "<zxcvbnm,.-"],
    ["½!\"#¤%&/()=?\u{300}", "QWERTYUIOPÅ\u{302}", "ASDFGHJKLÖÄ*", ">ZXCVBNM;:_"],
    ["¶¡@£$€¥{[]}\\±", " ſ ®þ   œ  \u{303}", "ªßðđŋħ ĸłøæ´", "|«»©   µ\u{327}· "],
    ["¾¹²³¼¢ ÷  °¿¬", "    Þ  ıŒ \u{30a}\u{30c}", "ºẞÐ ŊĦ  ŁØÆ×", "¦       \u{328}\u{307} "],
];

pub(super) const FI: &[Level] = &[
    ["§1234567890+\u{301}", "qwertyuiopå\u{308}", "asdfghjklöä'", "<zxcvbnm,.-"],
    ["½!\"#¤%&/()=?\u{300}", "QWERTYUIOPÅ\u{302}", "ASDFGHJKLÖÄ*", ">ZXCVBNM;:_"],
    ["  @£$  {[]}\\\u{327}", "  € þ  ıœ \u{30b}\u{303}", "əßð    ĸ øæ\u{30c}", "|ʒ×   ŋµ   "],
    [" ¡ »«     °¿\u{328}", "    Þ   Œ \u{30a}\u{304}", "ƏẞÐ      ØÆ\u{306}", "¦Ʒ·   Ŋ  \u{307} "],
];

pub(super) const NO: &[Level] = &[
    ["|1234567890+\\", "qwertyuiopå\u{308}", "asdfghjkløæ'", "<zxcvbnm,.-"],
    ["§!\"#¤%&/()=?\u{300}", "QWERTYUIOPÅ\u{302}", "ASDFGHJKLØÆ*", ">ZXCVBNM;:_"],
    ["¦¡@£$½¥{[]}±\u{301}", " ſ€®þ   œ  \u{303}", "ªßðđŋħ ĸł  \u{30b}", " «»©   µ\u{327}  "],
    ["¶¹²³¼  ÷  °¿¬", "  ¢ Þ  ıŒ \u{30a}\u{30c}", "ºẞÐ ŊĦ  Ł  ×", "¾       \u{328}· "],
];

pub(super) const DK: &[Level] = &[
    ["½1234567890+\u{301}", "qwertyuiopå\u{308}", "asdfghjklæø'", "<zxcvbnm,.-"],
    ["§!\"#¤%&/()=?\u{300}", "QWERTYUIOPÅ\u{302}", "ASDFGHJKLÆØ*", ">ZXCVBNM;:_"],
    ["¾¡@£$ ¥{[]}±|", " ſ€®þ   œ  \u{303}", "ªßðđŋħ ĸł  \u{30b}", "\\«»©   µ\u{327}· "],
    ["¶¹²³¼¢ ÷  °¿¦", "    Þ  ıŒ \u{30a}\u{30c}", "ºẞÐ ŊĦ  Ł  ×", "¬       \u{328}\u{307} "],
];

pub(super) const IS: &[Level] = &[
    ["\u{30a}1234567890ö-", "qwertyuiopð'", "asdfghjklæ\u{301}+", "<zxcvbnm,.þ"],
    ["\u{308}!\"#$%&/()=Ö_", "QWERTYUIOPÐ?", "ASDFGHJKLÆ\u{301}*", ">ZXCVBNM;:Þ"],
    ["¬¹²³¼½ {[]}\\\u{327}", "@ſ€¶ŧ   ø| ~", " ß đŋħ ĸł^\u{302}`", " «»¢   µ · "],
    [" ¡ £¤    ±°¿\u{328}", " § ®Ŧ¥ ıØ  \u{304}", " ẞ ªŊĦ  Ł\u{30b}\u{30c}\u{306}", "¦  ©   º×÷\u{307}"],
];

pub(super) const PL: &[Level] = &[
    ["`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", " zxcvbnm,./"],
    ["~!@#$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:\"|", " ZXCVBNM<>?"],
    ["¬ ²³¢€½§·«» \u{327}", " œę©ß   óþ\u{308}\u{303}", "ąśðæŋ ə ł\u{301}\u{302}\u{300}", " żźć  ńµ   "],
    [" ¡¿£¼   ¾±° \u{328}", " ŒĘ® ¥  ÓÞ\u{30a}\u{304}", "ĄŚÐÆŊ Ə Ł\u{30b}\u{30c}\u{306}", "¦ŻŹĆ  Ń ×÷\u{307}"],
];

pub(super) const CZ: &[Level] = &[
    [";+ěščřžýáíé=\u{301}", "qwertzuiopú)", "asdfghjklů§\u{308}", "\\yxcvbnm,.-"],
    ["\u{30a}1234567890%\u{30c}", "QWERTZUIOP/(", "ASDFGHJKL\"!'", "|YXCVBNM?:_"],
    ["` @#$ ^&*{} \u{304}", "  €¶ŧ   øþ[]", "~đĐ    łŁ   ", " °      <> "],
    [" \u{303} \u{302}\u{306} \u{328}\u{300}\u{307} \u{30b} \u{327}", "   ®Ŧ¥ ıØÞ÷×", "ÆẞÐªŊĦ    ß ", "¦  ©   º   "],
];

pub(super) const SK: &[Level] = &[
    [";+ľščťžýáíé=\u{301}", "qwertzuiopúä", "asdfghjklô§ň", "\\yxcvbnm,.-"],
    ["\u{30a}1234567890%\u{30c}", "QWERTZUIOP/(", "ASDFGHJKL\"!)", "|YXCVBNM?:_"],
    ["` @#$ ^&*{} \u{304}", "  €¶ŧ   øþ[]", "~đĐ   'łŁ   ", " °      <> "],
    [" \u{303} \u{302}\u{306} \u{328}\u{300}\u{307} \u{30b}\u{308}\u{327}", "   ®Ŧ¥ ıØÞ÷×", "ÆẞÐªŊĦ    ß ", "¦  ©   º   "],
];

pub(super) const HU: &[Level] = &[
    ["0123456789öüó", "qwertzuiopőú", "asdfghjkléáű", "íyxcvbnm,.-"],
    ["§'\"+!%/=()ÖÜÓ", "QWERTZUIOPŐÚ", "ASDFGHJKLÉÁŰ", "ÍYXCVBNM?:_"],
    ["¬~\u{30c}^\u{306}\u{30a}\u{328}`\u{307}\u{301}\u{30b}\u{308}\u{327}", "\\|Ä¶ŧ €   ÷×", "äđĐ[]ħ łŁ$ß¤", "<>#&@{} ; *"],
    [" \u{303}ˇ\u{302}˘°˛\u{300}˙´˝¨¸", "   ®Ŧ¥  ØÞ \u{304}", " ẞÐªŊĦ   ¢  ", "   ©   º   "],
];

pub(super) const EE: &[Level] = &[
    ["\u{30c}1234567890+\u{301}", "qwertyuiopüõ", "asdfghjklöä'", "<zxcvbnm,.-"],
    ["\u{303}!\"#¤%&/()=?\u{300}", "QWERTYUIOPÜÕ", "ASDFGHJKLÖÄ*", ">ZXCVBNM;:_"],
    ["¬¹@£$½ {[]}\\`", " ſ€¶ŧ   øþ\u{308}§", "æšðđŋħ ĸł ^ ", "|ž»¢   µ   "],
    [" ¡       ±°¿ ", "   ®Ŧ¥ ıØÞ\u{30a}\u{304}", "ÆŠÐªŊĦ  Ł\u{30b} \u{306}", "¦Ž ©   º×÷˙"],
];

pub(super) const HR: &[Level] = &[
    ["`1234567890'+", "qwertzuiopšđ", "asdfghjklčćž", "<yxcvbnm,.-"],
    ["~!\"#$%&/()=?*", "QWERTZUIOPŠĐ", "ASDFGHJKLČĆŽ", ">YXCVBNM;:_"],
    ["¬ \u{30c}^\u{306}°\u{328} \u{307}\u{301}\u{30b}\u{308}\u{327}", "\\|€¶ŧ   øþ÷×", "æ  []ħ ł  ß¤", "   ¢@{}§   "],
    [" \u{303}ˇ\u{302}˘\u{30a}˛\u{300}˙ ˝¨¸", " Ł ®Ŧ¥ ıØÞ \u{304}", "Æ»«ªŊĦ      ", "¦  ©   º   "],
];

pub(super) const SI: &[Level] = &[
    ["¸1234567890'+", "qwertzuiopšđ", "asdfghjklčćž", "<yxcvbnm,.-"],
    ["¨!\"#$%&/()=?*", "QWERTZUIOPŠĐ", "ASDFGHJKLČĆŽ", ">YXCVBNM;:_"],
    [" \u{303}\u{30c}\u{302}\u{306}\u{30a}\u{328}\u{300}\u{307}\u{301}\u{30b}\u{308}\u{327}", "\\|€¶ŧ   øþ÷×", "æ  []ħ ł  ß¤", "   ¢@{}§   "],
    [" ~ˇ^˘°˛`˙ ˝  ", " Ł ®Ŧ¥ ıØÞ \u{304}", "Æ»«ªŊĦ      ", "¦  ©   º   "],
];

pub(super) const TR: &[Level] = &[
    ["\"1234567890*-", "qwertyuıopğü", "asdfghjklşi,", "<zxcvbnmöç."],
    ["é!'^+%&/()=?_", "QWERTYUIOPĞÜ", "ASDFGHJKLŞİ;", ">ZXCVBNMÖÇ:"],
    ["  £#$½¾{[]}\\|", "@ €¶  ûîô \u{308}~", "âß ª     ´ `", " «»¢   µ×·\u{307}"],
    ["°¡²³¼    ± ¿ ", "   ® ¥ÛÎÔ \u{30a}\u{304}", "Â        \u{301}\u{30c}\u{300}", "¦  ©   º ÷ "],
];
