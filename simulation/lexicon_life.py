"""Phrases of six themes of everyday life. Plain data; kinds and notation as in `simulation.phrases`."""

from simulation.phrases import ThemeLexicon, pieces

MONEY = ThemeLexicon(
    deeds=pieces("""counted every {coin|penny|banknote|kopeck}; asked for {a bigger salary|higher wages|an advance};
        borrowed from a {lender|pawnbroker|loan shark}; emptied the {savings account|piggy bank|strongbox|petty
        cash}; haggled over the {price|discount|surcharge}; paid off {an old debt|the instalments|the mortgage};
        lived on {credit|handouts|an allowance}; bought {a lottery ticket|shares|treasury bonds}; pocketed a fat
        {fee|commission|bonus}; went {bankrupt|broke}; inherited a small fortune; saved for a rainy day; put up the
        {jewellery|pearls|house} as collateral; dodged a {tax bill|customs duty|fine}; invested in
        {gilts|bullion|property|hedge funds}; tightened the household budget; tipped the doorman generously; sold
        the {gold watch|silverware|yacht}; could not afford the {ticket|deposit|rent}; cashed a
        {cheque|voucher|pension}; lost a fortune {at roulette|at the casino|on the stock exchange}; drove a hard
        bargain; asked for a {refund|rebate|receipt}; withdrew a thousand {roubles|dollars|euros|pounds|francs};
        begged the bank for a {loan|grace period|lower interest rate}; hid the {takings|proceeds} under the
        mattress; made a {killing|tidy profit}; settled the account in cash; donated {half the pay|the prize purse};
        cut the spending to the bone"""),
    things=pieces("""an unpaid {invoice|bill|tab}; a second mortgage; {dollars|euros|sterling|roubles} in a brown
        envelope; the cost of living; an empty {wallet|purse|till}; rising {prices|rents|tariffs}; a modest
        {pension|stipend}; a very rich uncle's estate; hidden bank {fees|charges}; a seven-figure cheque; overdue
        {instalments|arrears}; the exchange rate; easy {profit|pickings}; loose change; a pay {cut|rise}; cheap
        {bargains|offers}; expensive {tastes|habits}; the tax {refund|inspector|return}; a
        {millionaire|billionaire|tycoon} and a yacht; loans at high interest; the price tag; pocket money; a cash
        prize; {dividends|royalties|commissions}; financial ruin; {inflation|devaluation|recession};
        {poverty|hardship}; {thrift|stinginess|greed}; a {sponsor|benefactor|creditor} with deep pockets;
        {gold|silver|bitcoin} at a record price; severance pay; {alimony|a dowry};
        {accountants|bookkeepers|cashiers}; a {bargain|clearance} sale; {wealth|riches|luxury}; a ledger full of red
        figures; the overdraft; a {golden handshake|nest egg|cash cow}"""),
    scenes=pieces("""the {rent|deposit|premium} was due; {wages|salaries} came late again; the bank refused the
        {loan|overdraft}; everything cost twice as much; {creditors|debt collectors} knocked at the door; the
        {purse|kitty|till} was empty; a {wealthy sponsor|billionaire} paid for everything; the bailiff took the
        furniture; nobody had any cash left; the {savings|profits} melted away; the auction broke all price records;
        the fine had to be paid by Monday; inflation ate up the {pension|income}; the {cheque|payment} bounced; the
        bill came to nine hundred {euros|dollars}"""),
)

FAMILY = ThemeLexicon(
    deeds=pieces("""phoned {mum|grandmother|the parents|a stepsister}; brought the {twins|children|youngsters}
        along; became a {father|grandparent|godmother} for the first time; rocked {a baby|an infant|the cradle};
        married {a childhood sweetheart|a cousin's friend}; looked after an ageing {mother|grandfather|aunt}; hugged
        a younger {brother|sister}; adopted {two orphans|a foundling}; raised three {daughters|sons|boys} alone;
        named a newborn after granddad; visited the {in-laws|great-grandparents|relatives}; quarrelled with a
        {stepson|son-in-law} and made up; read a {bedtime story|fairy tale}; tied a {toddler|preschooler}'s
        shoelaces; dedicated the day to the {wife|husband} and kids; celebrated a {silver wedding|baptism|first
        birthday}; came home for the {christening|bar mitzvah|engagement party}; pushed a {pram|buggy|stroller};
        missed a {nephew|niece}'s birthday; moved back in with {the parents|granny}; divorced amicably; kissed the
        {bride|groom}; carried a sleepy child upstairs; wept at an {aunt|uncle}'s funeral; changed
        {nappies|diapers}; sang a lullaby; stayed home as a {single parent|widower}; proposed on bended knee; took
        {paternity|maternity} leave; breastfed the {triplets|newborn}; taught the little ones good manners; made
        peace with an estranged {sibling|half-brother}"""),
    things=pieces("""a {mother|grandma|grandpa}'s advice; {bedtime|nursery} rhymes; twin {sisters|brothers}; a
        godson's christening; three generations under one roof; a wedding {ring|anniversary|dress}; the youngest
        {sibling|offspring}; homesick {children|boarders}; a grandmother's letters; a proud {dad|papa|mum} in the
        front row; a {difficult|messy} divorce; {cousins|nieces|nephews} from the village; parental leave; the
        sleepless nights of new parents; a {happy|loveless|arranged} marriage; an only child's loneliness; a family
        {reunion|tree|quarrel}; stubborn {teenagers|adolescents}; a {widow|divorcee} and her sons; the baby's first
        {steps|tooth|words}; {brotherly|motherly|fatherly} love; an adopted {daughter|boy}; chores shared by husband
        and wife; growing up without a father; {ancestors|descendants|heirs}; {motherhood|fatherhood|childhood}; {a
        stepmother|a mother-in-law|foster parents}; {newlyweds|spouses|fiancés}; a {cradle|teddy bear|doll's house};
        {kinship|bloodlines|an inheritance of good manners}; pregnancy; the {midwife|nanny|babysitter}; a {honeymoon
        baby|late arrival}; playgrounds; {orphans|godparents|quadruplets}"""),
    scenes=pieces("""the {baby|infant} would not stop crying; both {grandparents|aunts} came to stay; the
        {kids|little ones} were already asleep; a {daughter|grandson} was born that week; the whole {clan|household}
        sat around one table; dad took the day off; mother and son had not spoken for years; the {newlyweds|fiancés}
        moved in together; an uncle told the old wedding story; the {twins|triplets} turned seven; the stepmother
        waved from the window; the {nanny|babysitter} was ill; a toddler crept under the table; the {bride|groom}
        was late; four {siblings|cousins} shared one room"""),
)

CONFLICT = ThemeLexicon(
    deeds=pieces("""shouted {across the table|down the phone|until hoarse}; slammed the {door|receiver}; refused to
        {shake hands|reconcile|yield}; threatened to {sue|walk out|retaliate}; picked a {fight|quarrel|squabble};
        accused a rival of {lying|betrayal|sabotage}; threw a {punch|tantrum|chair}; stormed out {in anger|in a
        rage}; demanded {an apology|a retraction|satisfaction}; broke off the {truce|talks|armistice}; settled an
        old score; insulted a {neighbour|heckler}; would not back down; issued an ultimatum; took {revenge|umbrage};
        tore up the agreement; clenched both fists; hurled {abuse|curses|accusations}; declared war on the critics;
        clashed with the old guard; burned all bridges; answered {furiously|scornfully|with venom}; plotted against
        {a former ally|the usurper}; {scolded|berated|humiliated} a subordinate; {provoked|taunted|mocked} the
        enemy; {retaliated|counter-attacked} without mercy; {denounced|slandered} an opponent; nursed a
        {grudge|grievance}; led a {mutiny|rebellion|boycott}; glared at the {aggressor|rival}"""),
    things=pieces("""a bitter {feud|dispute|vendetta}; an exchange of {insults|blows|fire}; open
        {hostility|warfare|defiance}; a war of words; mutual {accusations|recriminations}; a broken
        {ceasefire|truce|alliance}; years of {rivalry|enmity|strife}; a shouting match; the thirst for
        {revenge|vengeance}; an angry {ultimatum|mob}; bad blood between former friends; a violent
        {quarrel|altercation|clash}; battle lines; a deep {grudge|rift|resentment}; a stab in the back;
        {aggression|belligerence|spite}; fierce {resistance|opposition}; raised voices; a {brawl|scuffle|punch-up}
        in the corridor; irreconcilable {enemies|foes|differences}; a power struggle;
        {threats|blackmail|intimidation}; the outbreak of hostilities; {outrage|protest|fury}; an unforgiven
        {slight|insult}; {traitors|turncoats|saboteurs}; {hatred|malice|contempt}; a {showdown|stand-off|duel};
        {siege|skirmish|ambush} tactics; {mutiny|rebellion|an uprising}; a {boycott|strike|blockade};
        {invaders|militants|mercenaries}; {arguments|bickering|mudslinging}; an eye for an eye; clenched
        {teeth|fists}"""),
    scenes=pieces("""both {sides|camps|factions} refused to talk; {tempers|passions} flared; the argument turned
        {ugly|violent|vicious}; old {enemies|adversaries} met face to face; nobody wanted to give way; the
        {truce|ceasefire} collapsed; {insults|bottles|accusations} flew back and forth; the mood was
        {hostile|explosive|poisonous}; two {rivals|hotheads} came to blows; a bitter row broke out; the
        {opponents|antagonists} would not sit in one room; an angry crowd {booed|jeered|hissed}; the rebels held
        out; an ultimatum {expired|was rejected}; a scuffle broke out"""),
)

HEALTH = ThemeLexicon(
    deeds=pieces("""saw a {dentist|surgeon|cardiologist|dermatologist|chiropractor}; gave up
        {smoking|cigarettes|alcohol|drinking}; limped on a swollen {ankle|foot}; took
        {painkillers|antibiotics|insulin|aspirin|laxatives}; slept {badly|fitfully} for weeks; suffered a
        {stroke|heart attack|concussion|hernia}; lost twelve kilos; recovered from {an
        operation|anaesthesia|pneumonia}; did {breathing exercises|stretches|push-ups}; fought off {a fever|an
        infection|bronchitis}; had a {tooth|mole|kidney stone} removed; measured the {blood pressure|pulse}; came
        down with {the flu|shingles|tonsillitis|measles}; fainted from {exhaustion|anaemia}; started
        {yoga|physiotherapy|pilates|acupuncture}; wore a {plaster cast|neck brace|hearing aid}; complained of
        {migraine|nausea|heartburn|rheumatism}; swallowed a handful of {pills|tablets|capsules}; donated {a
        kidney|blood|bone marrow}; went on sick leave; talked openly about {depression|anxiety|bulimia}; bandaged a
        {bleeding knee|thumb}; checked into a {sanatorium|clinic|hospice}; {sneezed|coughed|wheezed} all day;
        gargled with salt water; rubbed {ointment|liniment} on the shoulder; walked on crutches; ate less
        {sugar|cholesterol}"""),
    things=pieces("""a sore {back|throat|hip}; high {cholesterol|blood sugar|blood pressure}; {chronic|sudden} pain;
        a routine {check-up|screening}; {burnout|fatigue|exhaustion}; a broken {collarbone|rib|wrist|shin}; the side
        effects of the {tablets|chemotherapy}; long walks on doctor's orders; a healthy {heart|liver|diet};
        {insomnia|asthma|arthritis|diabetes|epilepsy|eczema|gout}; a nagging {cough|toothache|earache};
        {allergies|hay fever|a rash}; months of rehabilitation; a torn {muscle|ligament|tendon}; mental
        {wellbeing|illness}; an X-ray of the {lung|spine}; {dizzy|fainting} spells; a {wheelchair|stretcher|walking
        stick}; a {dangerous|benign} tumour; {vitamins|probiotics|herbal tea}; panic attacks; a surgeon's scalpel;
        the long road to recovery; an upset {stomach|bowel}; {bruises|blisters|scars|stitches};
        {syringes|bandages|thermometers}; {cancer|leukaemia|hepatitis|malaria|tuberculosis};
        {obesity|anorexia|malnutrition}; {dementia|amnesia|Parkinson's disease}; {hygiene|sleep|fitness}; a
        {pacemaker|transplant|prosthesis}; the {therapist|paramedic|midwife|optician};
        {blindness|deafness|paralysis}"""),
    scenes=pieces("""the {fever|swelling} would not go down; the {surgeon|physician|orthopaedist} advised complete
        rest; the {wound|fracture} healed slowly; an old {injury|hernia} flared up; the waiting room was full; the
        {blood test|biopsy|scan} came back normal; the {stitches|tonsils|appendix} had to come out; the
        {headache|nausea|itching} got worse; half the group was ill in bed; the diagnosis came as a shock; the pulse
        was far too {high|weak}; the {knee|elbow|cornea} needed surgery; the {ointment|medicine} worked at once; the
        {patient|invalid} could walk again; a {stomach bug|virus} went round"""),
)

HUMOUR = ThemeLexicon(
    deeds=pieces("""told a joke about {penguins|dentists|lawyers|a talking horse}; slipped on a banana skin; wore a
        {clown's nose|false moustache|gorilla suit|jester's cap}; burst out laughing; pulled a silly {face|grimace};
        put a {whoopee cushion|plastic spider} on the chair; mimicked a {duck|walrus|rooster};
        {giggled|chuckled|sniggered} through the speech; walked into a {glass door|lamppost}; lost a bet and {sang
        in the shower|wore pyjamas}; made a terrible {pun|quip}; wore {odd socks|slippers|a tutu}; pranked {a
        colleague|the usher}; told a {funny|salty} anecdote; danced like a {chicken|drunk octopus}; {winked|smirked}
        and kept a straight face; dressed up as a {carrot|banana|giant hamster}; got {the giggles|hiccups};
        {roasted|teased|lampooned} everybody gently; mixed up {left and right|the shoes} again; answered with
        {sarcasm|irony|a limerick}; drew a moustache on the poster; fell {off the chair|into a fountain}; read out
        the funniest comments; {clowned around|fooled about|goofed off}; {quipped|wisecracked}; juggled {rubber
        chickens|teacups}; impersonated {a robot butler|Charlie Chaplin|the Queen}; tripped over a garden gnome;
        stuck out the tongue"""),
    things=pieces("""{corny|terrible|dirty} jokes; a running gag; fits of {laughter|giggles|mirth}; an absurd
        {mix-up|coincidence}; April fool's tricks; {slapstick|pantomime|vaudeville}; a comic
        {misunderstanding|sketch|sidekick}; a {parody|satire|limerick} in verse; witty {comebacks|remarks|asides};
        the silliest {hat|wig|necktie} in the room; {grins|smirks|smiles} all round; a {cartoon|caricature} on the
        wall; a prank with {itching powder|a fake spider}; dry {wit|humour}; a hilarious {typo|blooper|blunder};
        funny {voices|accents|faces}; the art of not taking oneself seriously; a {rubber duck|whoopee
        cushion|custard pie}; tongue-in-cheek remarks; a comedy of errors; ridiculous {costumes|nicknames|pretexts};
        {punchlines|one-liners|puns}; a belly laugh; {memes|doodles|emojis}; an ironic {shrug|smile};
        {clowns|jesters|comedians|buffoons}; {tomfoolery|mischief|nonsense|banter}; {mockery|teasing|sarcasm|irony};
        knock-knock jokes; {practical jokers|pranksters|tricksters}; a {ludicrous|farcical|zany} plan; a laughing
        stock; {giggling|guffawing} spectators"""),
    scenes=pieces("""everybody {roared with laughter|giggled|chuckled}; the {punchline|pun} fell flat; a
        {pigeon|goat|poodle} stole the show; somebody had swapped the name tags; the {wig|false beard} fell off; the
        microphone picked up a {hiccup|burp}; nobody could keep a straight face; the whole room was in stitches; a
        parrot repeated every swear word; the trousers {split|slipped}; the cake had the wrong name on it; tears of
        laughter rolled; a {clown|mime} appeared out of nowhere; somebody sat on a custard pie; the {joke|prank}
        backfired"""),
)

FOOD = ThemeLexicon(
    deeds=pieces("""baked {sourdough|gingerbread|brownies|a quiche}; ordered
        {dumplings|pancakes|sushi|tacos|lasagne} for everyone; peeled {a sack of potatoes|carrots|a mango}; burnt
        the {omelette|toast|custard}; brewed {strong coffee|camomile tea|kvass}; shared a pot of
        {soup|goulash|curry}; tasted the {cheese|wine|caviar|truffles}; fried {onions|bacon|aubergines}; skipped
        {breakfast|lunch|dessert}; ate three {burgers|pizzas|doughnuts|croissants}; stirred the
        {porridge|risotto|gravy}; opened a {bakery|bistro|pizzeria}; pickled {cucumbers|beetroot|herrings}; roasted
        {a goose|chestnuts|a leg of lamb}; swore by {garlic|ginger|parsley} and lemon; licked the {spoon|plate};
        drank {buttermilk|cider|cocoa|lemonade}; cooked {borscht|ratatouille|a paella}; sprinkled too much
        {salt|pepper|paprika|cinnamon}; sliced a ripe {melon|pineapple|avocado}; grilled
        {sausages|mackerel|prawns|mushrooms}; nibbled at a {sandwich|biscuit|radish}; served plum
        {dumplings|pudding}; begged the chef for the recipe; whipped {cream|egg whites}; kneaded the dough; chewed
        {gum|liquorice|dried apricots}; devoured a bowl of {noodles|spaghetti|muesli}; spread
        {butter|marmalade|hummus} on rye; sipped {espresso|champagne|tomato juice}"""),
    things=pieces("""{fresh|warm|stale} bread; a secret recipe; spicy {noodles|meatballs|salsa};
        {strawberries|raspberries|peaches} and cream; a hearty {stew|chowder|casserole}; burnt {toast|porridge}; the
        aroma of {coffee|basil|vanilla|frying onions}; black tea with {jam|lemon}; a three-course {dinner|lunch};
        crisp {apples|lettuce|waffles}; {chocolate|carrot|cheese} cake; grilled {fish|salmon|trout|squid};
        {vegetarian|vegan|oriental} cooking; pickled {mushrooms|gherkins|ginger}; a greasy {kebab|burger}; the taste
        of {honey|caramel|rosemary}; {oysters|lobster|caviar} and champagne; leftovers in the fridge; homemade {ice
        cream|yoghurt|marmalade|mayonnaise}; a bowl of {rice|lentils|cherries}; roast {chicken|duck|pork|turnips};
        {cinnamon|raisin} buns; a well-stocked {kitchen|larder|wine cellar}; {olive|sunflower} oil; a crate of
        {beer|oranges|tangerines}; {pumpkin|spinach|asparagus|cauliflower} soup; {pasta|polenta|couscous|gnocchi};
        {salami|ham|smoked sausage}; {pistachios|walnuts|almonds|hazelnuts}; {mustard|horseradish|vinegar|soy
        sauce}; {tiramisu|meringue|pavlova|sorbet}; the {pastry chef|waiter|sommelier|butcher};
        {appetite|hunger|gluttony}"""),
    scenes=pieces("""the {soup|gravy|pizza} went cold; the kitchen smelled of {garlic|fried fish|cloves};
        {lunch|supper} was late; the oven broke down; {dessert|apple strudel|cheesecake} was served; everybody was
        hungry; a waiter brought more {wine|bread|olives}; the canteen had run out of {noodles|ketchup|schnitzel};
        the table bent under the dishes; the {coffee|grapefruit} tasted bitter; the chef added a pinch of
        {saffron|nutmeg|cumin}; breakfast lasted until noon; the {milk|yoghurt} had gone sour; the
        {steak|turkey|soufflé} was overcooked; a {plum pie|loaf} cooled on the windowsill"""),
)
